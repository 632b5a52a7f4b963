import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive } from './fault-tools.ts'

// Limits as a stranger meets them over HTTP, and the answers that must not tell whom we know.

let stage: Stage
let proxied: Stage
let generous: Stage

beforeAll(async () => {
  ;[stage, proxied, generous] = await Promise.all([
    startStage({ env: { LIMITS: replaced('email', '3/15m') } }),
    startStage({ env: { LIMITS: replaced('ip', '3/15m'), TRUSTED_PROXIES: '1' } }),
    startStage({ env: { LIMITS: GENEROUS_LIMITS } }),
  ])
})
afterAll(() => Promise.all([stage.stop(), proxied.stop(), generous.stop()]))

const replaced = (name: string, value: string) =>
  GENEROUS_LIMITS.split(' ')
    .map((limit) => (limit.startsWith(`${name}:`) ? `${name}:${value}` : limit))
    .join(' ')

/** A new browser gives this address; its page, and no redirect is followed. */
async function give(on: Stage, identifier: string, headers: Record<string, string> = {}): Promise<Page> {
  const { visitor, page } = await arrive(on)
  const form = formWith(page, 'identifier')
  return visitor.post(form?.action ?? '', { ...form?.values, identifier }, headers)
}

/** What an answer says, without what differs between any two requests. */
function said({ status, headers, text }: Page) {
  const { date: _date, 'x-request-id': _id, ...rest } = headers
  const names = Object.keys(rest).sort()
  return {
    status,
    names,
    text: text.replace(/DW-[\w-]+|\d\d:\d\d|value="[\w-]{20,}"|\/sign-in\/[\w-]+/g, ''),
    cache: headers['cache-control'],
  }
}

describe('too often', () => {
  test('R-152, R-155 for one address: 429 with Retry-After, the same for known and unknown, whatever the spelling or browser', async () => {
    await stage.signIn('known@fabrikam.example')
    const answers: Page[] = []
    for (const [email, spellings] of [
      ['known@fabrikam.example', ['KNOWN@fabrikam.example', ' known@FABRIKAM.example']],
      ['nobody@fabrikam.example', ['nobody@fabrikam.example', 'NOBODY@fabrikam.example', ' nobody@FABRIKAM.example']],
    ] as const) {
      for (const spelling of spellings) expect((await give(stage, spelling)).status).toBe(303)
      const refused = await give(stage, email)
      expect(refused.status).toBe(429)
      const seconds = Number(refused.headers['retry-after'])
      expect(seconds).toBeGreaterThan(800)
      expect(seconds).toBeLessThanOrEqual(900)
      answers.push(refused)
      expect(stage.mailbox.seen.filter(({ to }) => to === email).length).toBeLessThanOrEqual(3)
    }
    const [known, unknown] = answers.map(said)
    expect(known).toEqual(unknown)
  })

  test('R-151 no header moves the count while no proxy is trusted', async () => {
    for (let count = 0; count < 3; count++) {
      const headers = {
        'x-forwarded-for': `198.51.100.${count}`,
        forwarded: `for=198.51.100.${count}`,
        'x-real-ip': `198.51.100.${count}`,
      }
      await give(stage, `spoof${count}@fabrikam.example`, headers)
    }
    const sql = `select distinct ip from audit_entry where ip is not null`
    const seen = await query<{ ip: string }>(stage.service.databaseUrl, sql)
    expect(seen).toEqual([{ ip: expect.stringMatching(/127\.0\.0\.1$/) }])
    const counters = await query(stage.service.databaseUrl, `select from limit_counter where id like 'ip:%'`)
    expect(counters).toHaveLength(1)
  })

  test('R-150, R-151 behind one trusted proxy its word counts, and nothing that a stranger wrote before it; IPv6 by /64', async () => {
    const from = (address: string, email: string) => give(proxied, email, { 'x-forwarded-for': address })
    for (let count = 0; count < 3; count++)
      expect((await from(`203.0.113.${count}, 198.51.100.7`, `hop${count}@fabrikam.example`)).status).toBe(303)
    const refused = await from('203.0.113.99, 198.51.100.7', 'hop9@fabrikam.example')
    expect(refused.status).toBe(429)
    expect(refused.headers['retry-after']).toMatch(/^\d+$/)
    expect((await from('198.51.100.8', 'other@fabrikam.example')).status).toBe(303)
    for (let count = 0; count < 3; count++)
      expect((await from(`2001:db8:1:2:${count}::${count}`, `six${count}@fabrikam.example`)).status).toBe(303)
    expect((await from('2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', 'six9@fabrikam.example')).status).toBe(429)
    expect((await from('2001:db8:1:3::1', 'six10@fabrikam.example')).status).toBe(303)
  })
})

describe('known and unknown', () => {
  test('R-085 get the same answer, page and one mail each, in the same time', async () => {
    await generous.signIn('somebody@fabrikam.example')
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] }
    const answers = new Set<string>()
    const pages = new Set<string>()
    for (let round = 0; round < 40; round++) {
      for (const [kind, email] of [
        ['known', 'somebody@fabrikam.example'],
        ['unknown', `nobody-${round}@fabrikam.example`],
      ] as const) {
        const { visitor, page, home } = await arrive(generous)
        const form = formWith(page, 'identifier')
        if (!form) throw new Error(page.words)
        const began = performance.now()
        const answer = await visitor.submit(form, { identifier: email })
        times[kind].push(performance.now() - began)
        answers.add(JSON.stringify(said(answer)).replaceAll(page.url, ''))
        await generous.mailbox.next(email)
        const waiting = await visitor.open(home)
        if (/Handed/.test(waiting.words))
          pages.add(
            waiting.words
              .replace(/\S•••\S@/g, '')
              .replace(/\d\d:\d\d/g, '')
              .replace(/in \d+ seconds/, ''),
          )
      }
    }
    expect([...answers]).toHaveLength(1)
    expect([...pages]).toHaveLength(1)
    const [known, unknown] = [median(times.known), median(times.unknown)]
    // The medians may differ by no more than the spread within one kind.
    expect(Math.abs(known - unknown)).toBeLessThan(Math.max(spread(times.known), spread(times.unknown), 2))
  })

  test('R-085 a hint of an address changes nothing but the field it fills', async () => {
    await generous.signIn('hinted@fabrikam.example')
    const shown: string[] = []
    for (const login_hint of ['hinted@fabrikam.example', 'absent@fabrikam.example']) {
      const { page } = await arrive(generous, createVisitor(generous.service), { login_hint })
      shown.push(JSON.stringify(said(page)).replaceAll(login_hint, ''))
    }
    expect(shown[0]).toBe(shown[1])
  })
})

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)
const at = (numbers: readonly number[], share: number) => sorted(numbers)[Math.floor(numbers.length * share)] ?? 0
const median = (numbers: readonly number[]) => at(numbers, 0.5)
/** From the first to the third quartile. */
const spread = (numbers: readonly number[]) => at(numbers, 0.75) - at(numbers, 0.25)
