import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { createVisitor, formWith, type Visitor } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { arrive } from './fault-tools.ts'

// Mails are put into words and sent by the very process that answers the next request: neither the answer nor the page after
// it may take longer for people whom we know. Who measures stands beside the service, and sees more than anybody far away.

const PAIRS_MIN = 400
/** A machine that is busy with other things needs more of them to be as sure. */
const PAIRS_MAX = 2000
const STEP = 200
/** What the answers may differ by at most: a network hides more, and an address gets only a few mails a day. */
const SAME_MS = 0.5
/**
 * The quickest tenth of the answers: what a machine does beside them disturbs these least, so that whoever wants to tell two
 * times apart looks there (Crosby, Wallach, Riedi: Opportunities and Limits of Remote Timing Attacks, 2009).
 */
const QUICK = 0.1
/** Standard deviations to either side: of a thousand intervals that are made so, one is wrong. */
const SURE = 3.29

const mails = new Worker(new URL('./mail-thread.ts', import.meta.url))
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let smtpUrl = ''

beforeAll(async () => {
  smtpUrl = (await once(mails, 'message'))[0].url
})
afterAll(async () => {
  agent.destroy()
  await mails.terminate()
})

/** Resolves when a mail to this address has arrived. */
function mailTo(address: string): Promise<void> {
  return new Promise((resolve) => {
    const heard = (said: { address: string }) => {
      if (said.address !== address) return
      mails.off('message', heard)
      resolve()
    }
    mails.on('message', heard)
  })
}

/** One request of this browser on a connection that is open already; how many milliseconds its whole answer took. */
async function timed(visitor: Visitor, url: string, body?: string): Promise<number> {
  const { host, pathname, port, origin } = new URL(url)
  const own = {
    host,
    cookie: visitor.jar.header(url) ?? '',
    accept: 'text/html',
    'accept-language': 'en',
    'sec-fetch-site': 'same-origin',
  }
  const headers = body === undefined ? own : { ...own, origin, 'content-type': 'application/x-www-form-urlencoded' }
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const began = performance.now()
  const asked = request(
    { host: '127.0.0.1', port, path: pathname, method: body === undefined ? 'GET' : 'POST', headers, agent },
    (answer) => {
      answer.resume().on('end', () => {
        const expected = body === undefined ? 200 : 303
        if (answer.statusCode === expected) resolve(performance.now() - began)
        else reject(new Error(`${answer.statusCode} at ${pathname}`))
      })
    },
  )
  asked.on('error', reject).end(body)
  return promise
}

/** In milliseconds. */
interface Times {
  /** Of the answer to the address. */
  answer: number
  /** Of the page that it leads to, while the mail is being made. */
  page: number
}

type Interval = [number, number]

interface Pair {
  known: Times
  other: Times
}

async function identify(stage: Stage, address: string): Promise<Times> {
  const { visitor, page, home } = await arrive(stage, createVisitor(stage.service))
  const form = formWith(page, 'identifier')
  if (!form) throw new Error(page.words)
  const body = new URLSearchParams({ ...form.values, identifier: address }).toString()
  const arrives = mailTo(address)
  const answer = await timed(visitor, form.action, body)
  const waiting = await timed(visitor, home)
  await arrives
  return { answer, page: waiting }
}

/** Between these lies that quantile of what these numbers are a sample of, by their order alone: nothing is assumed of them. */
function quantileWithin(numbers: readonly number[], share: number): Interval {
  const sorted = [...numbers].sort((a, b) => a - b)
  const reach = SURE * Math.sqrt(sorted.length * share * (1 - share))
  const at = (place: number) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(place)))] ?? 0
  return [at(sorted.length * share - reach), at(sorted.length * share + reach)]
}

/** How much longer it takes for known people, at least and at most. */
function longer(pairs: readonly Pair[]): { answer: Interval; page: Interval } {
  const [knownMin, knownMax] = quantileWithin(
    pairs.map(({ known }) => known.answer),
    QUICK,
  )
  const [otherMin, otherMax] = quantileWithin(
    pairs.map(({ other }) => other.answer),
    QUICK,
  )
  return {
    answer: [knownMin - otherMax, knownMax - otherMin],
    // A page is the quickest where it misses the mail; what is told apart is how it comes usually.
    page: quantileWithin(
      pairs.map(({ known, other }) => known.page - other.page),
      0.5,
    ),
  }
}

const isSame = ([min, max]: Interval) => min > -SAME_MS && max < SAME_MS
const differs = ([min, max]: Interval) => min > SAME_MS || max < -SAME_MS

describe.each(['open', 'invited'])('where signing up is %s', (signup) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await startAdminStage({ env: { SIGNUP: signup, SMTP_URL: smtpUrl } })
    const token = await machineToken(stage.service)
    for (let from = 0; from < PAIRS_MAX; from += STEP) {
      const accounts = Array.from({ length: STEP }, (_, n) => ({ email: addressOf('known', from + n), email_proven: true }))
      const { body } = await callApi(stage.service, token, 'POST', '/accounts-import', { body: { accounts } })
      expect(JSON.stringify(body).match(/"outcome":"created"/g)).toHaveLength(STEP)
    }
  })
  afterAll(() => stage?.stop())

  const addressOf = (kind: 'known' | 'other', n: number) => `${kind}-${String(n).padStart(4, '0')}@fabrikam.example`

  /** By turns, and each as often first. */
  async function more(from: number): Promise<Pair[]> {
    const pairs: Pair[] = []
    for (let n = from; n < from + STEP; n++) {
      const before = n % 2 === 0 ? await identify(stage, addressOf('known', n)) : null
      const other = await identify(stage, addressOf('other', n))
      pairs.push({ known: before ?? (await identify(stage, addressOf('known', n))), other })
    }
    return pairs
  }

  test('R-085, R-086 the answer to an address and the page after it take the same time, known or unknown', async () => {
    for (let n = 0; n < 30; n++) await identify(stage, `warm-${n}@fabrikam.example`)
    const pairs: Pair[] = []
    const found = () => Object.values(longer(pairs))
    do pairs.push(...(await more(pairs.length)))
    while (pairs.length < PAIRS_MIN || (pairs.length < PAIRS_MAX && !found().every(isSame) && !found().some(differs)))
    const said = { pairs: pairs.length, ...longer(pairs) }
    expect({ ...said, isSame: found().every(isSame) }).toEqual({ ...said, isSame: true })
  }, 600_000)
})
