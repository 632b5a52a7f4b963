import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { quiet } from '../protocol/text-walk.ts'
import { startPairStage } from '../support/stage.ts'
import { books, createStranger, type Fate, honest, numbersOf, priceMicros } from './text-crowd.ts'

// People who ask for texts to earn by them, from one network and from ever new ones, beside people who want to sign in.

/** How many ask in the longest test; `npm run test:long` takes more. */
const LONG = Number(process.env.FUZZ_REQUESTS ?? 0) > 2000
const STRANGERS = LONG ? 2000 : 180
/** Honest people are as many more in it, and need their money too. */
const SCALE = LONG ? 4 : 1
const LONG_MS = 15 * 60_000
const MICROS = 1_000_000
const CAP = { all: 30 * SCALE * MICROS, country: 6 * SCALE * MICROS, prefix: 0.6 * MICROS, number: 0.5 * MICROS }
const AT_ONCE = 10
const CLIENT_LIMIT_STARTS = 200

let stage: Awaited<ReturnType<typeof startPairStage>>

beforeAll(async () => {
  stage = await startPairStage({
    texts: true,
    env: {
      TRUSTED_PROXIES: '1',
      SMS_COUNTRIES: 'DE,GB,US,FR,BD,AT,NL',
      SMS_BUDGET: `all:${30 * SCALE} country:${6 * SCALE} prefix:0.60 client:${30 * SCALE} number:0.50`,
      SMS_RATIO_TEXTS: '20',
    },
  })
  // What is counted by the hour and the day stays within one, whenever this runs.
  const minute = new Date().getUTCMinutes()
  await stage.moveClock(((70 - minute) % 60) * 60)
})
afterAll(() => stage?.stop())

let addresses = 0
/** An address that nobody else has: of IPv4, each of another network. */
const newAddress = () => {
  addresses++
  return `${100 + (addresses >> 16)}.${(addresses >> 8) & 255}.${addresses & 255}.7`
}

/** `count` people one after the other, several at a time, by turns at the two instances. */
async function crowd<T>(count: number, one: (index: number, instance: typeof stage.service) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let first = 0; first < count; first += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, place) => first + place)
    results.push(...(await Promise.all(batch.map((index) => one(index, index % 2 === 0 ? stage.service : stage.second)))))
    // No more in a minute than the limit of one client lets by: that is another test's matter.
    if ((first + AT_ONCE) % CLIENT_LIMIT_STARTS === 0) await stage.moveClock(61)
  }
  return results
}

const taken = () => [...stage.texts.sns.taken, ...stage.texts.twilio.taken]
const country = async (name: string) => (await books(stage)).counters.get(`country:${name}`) ?? 0

/** Every book says the same to the cent, and none is above its cap. */
async function expectBooksBalance(): Promise<void> {
  await quiet(stage)
  const { counters, deliveries } = await books(stage)
  const paid = taken().reduce((sum, { to }) => sum + priceMicros(to), 0)
  expect({ all: counters.get('all') ?? 0, deliveries }).toEqual({ all: paid, deliveries: paid })
  const above = [...counters].filter(([id, spent]) => spent > (CAP[id.split(':')[0] as keyof typeof CAP] ?? CAP.all))
  expect(above).toEqual([])
}

async function metric(pattern: RegExp): Promise<number> {
  let sum = 0
  for (const { opsUrl } of [stage.service, stage.second])
    for (const line of (await (await fetch(`${opsUrl}/metrics`)).text()).split('\n'))
      if (pattern.test(line)) sum += Number(line.split(' ').at(-1))
  return sum
}

function shares(fates: readonly Fate[]): Record<Fate, number> {
  const share = (fate: Fate) => Math.round((100 * fates.filter((one) => one === fate).length) / fates.length)
  return {
    'at once': share('at once'),
    'after work': share('after work'),
    'by email': share('by email'),
    refused: share('refused'),
  }
}

describe('pumping of texts, over two instances', () => {
  test('R-153, R-150 from one network: it gets as many texts an hour as its limit, and others go on', async () => {
    const number = numbersOf('DE', 11)
    const answers = await crowd(
      40,
      async (_, instance) => (await createStranger(stage, instance, '198.51.100.7').identify(number())).status,
    )
    await quiet(stage)
    expect(answers.filter((status) => status === 200)).toHaveLength(15)
    expect(answers.filter((status) => status === 429)).toHaveLength(25)
    expect(taken().length).toBeLessThanOrEqual(15)
    const { fate } = await honest(stage, stage.second, newAddress(), numbersOf('AT', 3)())
    expect(fate).toBe('at once')
    await expectBooksBalance()
  })

  test('R-153 from ever new networks, to a thousand neighbours’ numbers: it ends at the cap of their prefix', async () => {
    const before = await metric(/^doorward_sms_(refusals|gated)_total/)
    const spent = await country('NL')
    await crowd(30, (index, instance) =>
      createStranger(stage, instance, newAddress()).identify(`+3161234${String(index).padStart(4, '0')}`),
    )
    await expectBooksBalance()
    const price = priceMicros('+31612340000')
    expect((await country('NL')) - spent).toBe(Math.floor(CAP.prefix / price) * price)
    expect((await metric(/^doorward_sms_(refusals|gated)_total/)) - before).toBeGreaterThanOrEqual(25)
    // One of their neighbours is led to email, one of another prefix is not.
    expect((await honest(stage, stage.service, newAddress(), '+31612349999')).fate).toBe('by email')
    expect((await honest(stage, stage.service, newAddress(), '+31655554444')).fate).toBe('at once')
  })

  test(
    'R-153, R-092 from ever new networks, nine of ten to random numbers of three countries: those close, others do not notice, and everybody honest gets in',
    async () => {
      const next = { DE: numbersOf('DE', 1), GB: numbersOf('GB', 2), US: numbersOf('US', 3), AT: numbersOf('AT', 4) }
      const attacked = ['DE', 'GB', 'US'] as const
      const asked = { DE: 0, GB: 0, US: 0 }
      const fates: Record<string, { fate: Fate; ms: number }[]> = { attacked: [], elsewhere: [] }
      const began = performance.now()
      await crowd(STRANGERS, async (index, instance) => {
        const name = attacked[index % 3] as (typeof attacked)[number]
        const ip = newAddress()
        if (index % 10 !== 9) {
          asked[name]++
          return createStranger(stage, instance, ip).identify(next[name]())
        }
        const elsewhere = index % 20 === 19
        const result = await honest(stage, instance, ip, elsewhere ? next.AT() : next[name]())
        fates[elsewhere ? 'elsewhere' : 'attacked']?.push(result)
        return null
      })
      const seconds = (performance.now() - began) / 1000
      await expectBooksBalance()
      const spent = Object.fromEntries(await Promise.all(attacked.map(async (name) => [name, (await country(name)) / MICROS])))
      const honestOnes = Object.values(fates).flat()
      const slowest = Math.round(Math.max(...honestOnes.map(({ ms }) => ms)))
      report({ seconds: Math.round(seconds), asked, spent, slowestMs: slowest, ...sharesOf(fates) })
      // Nobody who is honest is left outside; where nobody pumps, nobody notices.
      expect(honestOnes.filter(({ fate }) => fate === 'refused')).toEqual([])
      expect(fates.elsewhere?.filter(({ fate }) => fate !== 'at once')).toEqual([])
      // What the share of typed codes lets by is a small part of what the caps would.
      for (const name of attacked)
        expect(asked[name] * priceMicros(next[name]())).toBeGreaterThan(2 * (spent[name] ?? 0) * MICROS)
      expect(slowest).toBeLessThan(15_000)
    },
    LONG_MS,
  )

  test('R-153 seven of ten who ask: a proof of work comes first, which people do and pumps do not', async () => {
    const next = numbersOf('FR', 5)
    const fates: { fate: Fate; ms: number }[] = []
    let held = 0
    await crowd(80, async (index, instance) => {
      const ip = newAddress()
      if (index % 10 < 7) {
        const page = await createStranger(stage, instance, ip).identify(next())
        if (page.forms.some(({ fields }) => fields.includes('solution'))) held++
      } else fates.push(await honest(stage, instance, ip, next()))
    })
    await expectBooksBalance()
    report({ held, spent: (await country('FR')) / MICROS, ...sharesOf({ 'seven of ten pump': fates }) })
    expect(fates.filter(({ fate }) => fate === 'refused')).toEqual([])
    expect(held).toBeGreaterThan(0)
    expect(fates.some(({ fate }) => fate === 'after work')).toBe(true)
    expect(shares(fates.map(({ fate }) => fate))['by email']).toBeLessThanOrEqual(25)
  })

  test('R-153 by people who type their codes as well: the cap of the country ends it, to the cent', async () => {
    const next = numbersOf('BD', 6)
    const price = priceMicros(next())
    const fates = await crowd(
      Math.floor(CAP.country / price) + 10,
      async (_, instance) => (await honest(stage, instance, newAddress(), next())).fate,
    )
    await expectBooksBalance()
    expect(await country('BD')).toBe(Math.floor(CAP.country / price) * price)
    expect(fates.filter((fate) => fate === 'by email')).toHaveLength(10)
    expect(fates).not.toContain('refused')
    expect((await honest(stage, stage.second, newAddress(), numbersOf('AT', 99)())).fate).toBe('at once')
  })
})

function sharesOf(fates: Record<string, readonly { fate: Fate }[]>) {
  return {
    honest: Object.fromEntries(
      Object.entries(fates).map(([who, all]) => [`${who} (${all.length})`, shares(all.map(({ fate }) => fate))]),
    ),
  }
}

/** The numbers themselves, for whoever runs the test; shares in percent, money in the currency of the price table. */
function report(numbers: unknown): void {
  process.stdout.write(`pumping: ${JSON.stringify(numbers)}\n`)
}
