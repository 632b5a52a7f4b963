import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Challenge, createChallenge, type Solution, solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import type { Browser, Page } from 'playwright-core'
import { addSeconds, createSecrets } from '../../src/base/index.ts'
import { createProofOfWork, type ProofOfWork } from '../../src/signin/index.ts'
import { launchBrowser } from '../support/browser.ts'

const SCRIPT = new URL('../../views/assets/work.js', import.meta.url)
const SCRIPT_BYTES_MAX = 3000
const COUNT_TICKS = `setInterval(() => {
  const [form] = document.forms
  if (form?.dataset.working !== undefined) form.elements.ticks.value++
}, 5)`
const SECRETS = ['a secret of the tests, thirty-two long', 'an older secret of the tests, also long']

let aheadSeconds = 0
const clock = { now: () => addSeconds(new Date(), aheadSeconds) }

const work = workOn(SECRETS)
const elsewhere = workOn(SECRETS)

afterEach(() => {
  aheadSeconds = 0
})

function workOn(secrets: readonly string[]): ProofOfWork {
  return createProofOfWork({ secrets: createSecrets(secrets), clock })
}

function payload(challenge: unknown, solution: unknown): string {
  return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64')
}

async function solved(subject: string): Promise<{ challenge: Challenge; solution: Solution; text: string }> {
  const challenge = JSON.parse(await work.challengeFor(subject)) as Challenge
  const solution = await solveChallenge({ challenge, deriveKey })
  if (!solution) throw new Error('not solved in time')
  return { challenge, solution, text: payload(challenge, solution) }
}

describe('a proof of work', () => {
  test('R-153 counts when it solves the challenge of its subject, and shows nothing of the subject', async () => {
    const { challenge, text } = await solved('challenge-1')
    expect(JSON.stringify(challenge)).not.toContain('challenge-1')
    expect(await elsewhere.check('challenge-1', text)).toBe(true)
  })

  test('R-153 of another subject does not count', async () => {
    const { text } = await solved('challenge-3')
    expect(await work.check('challenge-4', text)).toBe(false)
    expect(await work.check('', text)).toBe(false)
    expect(await work.check('challenge-3', text)).toBe(true)
  })

  test('R-153 counts for ten minutes and no longer', async () => {
    const inTime = await solved('challenge-5')
    const late = await solved('challenge-5')
    const started = Math.min(...[inTime, late].map(({ challenge }) => challenge.parameters.expiresAt ?? 0))
    expect(started - Date.now() / 1000).toBeLessThanOrEqual(600)
    aheadSeconds = 590
    expect(await work.check('challenge-5', inTime.text)).toBe(true)
    aheadSeconds = 601
    expect(await work.check('challenge-5', late.text)).toBe(false)
  })

  test('R-153 that was made up, made easier or not done does not count', async () => {
    const { challenge, solution, text } = await solved('challenge-6')
    const { parameters } = challenge
    const wrongKey = solution.derivedKey.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    const later = { ...parameters, expiresAt: (parameters.expiresAt ?? 0) + 600 }
    const { keySignature: _, ...unsigned } = parameters
    const forged = [
      payload(challenge, { ...solution, derivedKey: wrongKey }),
      payload(challenge, { ...solution, derivedKey: parameters.keyPrefix }),
      payload(challenge, { ...solution, derivedKey: '' }),
      payload(challenge, { ...solution, counter: -1 }),
      payload({ ...challenge, parameters: later }, solution),
      payload({ ...challenge, parameters: { ...parameters, cost: 1 } }, solution),
      payload({ ...challenge, parameters: { ...parameters, keyPrefix: '' } }, solution),
      payload({ ...challenge, parameters: unsigned }, solution),
      payload({ ...challenge, parameters: { ...parameters, more: 1 } }, solution),
      payload({ ...challenge, signature: '' }, solution),
      payload({ parameters }, solution),
      payload((await solved('challenge-6')).challenge, solution),
    ]
    for (const each of forged) expect([each, await work.check('challenge-6', each)]).toEqual([each, false])
    expect(await work.check('challenge-6', text)).toBe(true)
  })

  test('R-153 that is nothing of the kind answers no, without an error', async () => {
    const { challenge, solution } = await solved('challenge-7')
    const strange = [
      '',
      'x',
      '{}',
      'null',
      btoa('null'),
      btoa('[]'),
      btoa('{"challenge":null,"solution":null}'),
      btoa('{'),
      '\u0000',
      '\ud800',
      'A'.repeat(1_000_000),
      payload(null, solution),
      payload(challenge, null),
      payload(challenge, [solution]),
      payload(challenge, { ...solution, counter: '1' }),
      payload(challenge, { ...solution, derivedKey: 7 }),
      payload({ ...challenge, parameters: { ...challenge.parameters, expiresAt: null } }, solution),
      payload({ ...challenge, parameters: { ...challenge.parameters, expiresAt: 1e300 } }, solution),
      payload({ ...challenge, parameters: { ...challenge.parameters, nonce: {} } }, solution),
    ]
    for (const each of strange)
      expect([each.slice(0, 20), await work.check('challenge-7', each)]).toEqual([each.slice(0, 20), false])
  })

  test('counts by a secret that is still listed, and by none that is not', async () => {
    const { text } = await solved('challenge-8')
    const [newest = '', older = ''] = SECRETS
    const without = workOn([older])
    expect(await without.check('challenge-8', text)).toBe(false)
    const rotated = workOn(['a newer secret of the tests, long enough', newest])
    expect(await rotated.check('challenge-8', text)).toBe(true)
  })
})

describe("the page's script", () => {
  let server: Server
  let browser: Browser
  let origin: string
  let challenge = ''
  let sent: (fields: Record<string, string>) => void = () => {}

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      if (request.url === '/work.js') {
        response.setHeader('content-type', 'text/javascript')
        response.end(readFileSync(SCRIPT))
        return
      }
      if (request.method === 'POST') {
        let body = ''
        for await (const part of request) body += part
        sent(Object.fromEntries(new URLSearchParams(body)))
        response.end('sent')
        return
      }
      response.setHeader('content-type', 'text/html')
      response.setHeader('content-security-policy', "default-src 'none'; script-src 'self'; form-action 'self'")
      response.end(pageWith(challenge))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser.close()
    server.close()
  })

  function pageWith(data: string): string {
    const attribute = data.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
    return `<!doctype html><form method="post" data-work data-challenge="${attribute}">
      <input type="hidden" name="solution"><input type="hidden" name="ticks" value="0"><button>Go on</button></form><script type="module" src="/work.js"></script>`
  }

  /** What the page sends by itself. */
  async function answerOf(page: Page): Promise<Record<string, string>> {
    const answer = new Promise<Record<string, string>>((resolve) => {
      sent = resolve
    })
    await page.goto(origin, { waitUntil: 'commit' })
    const fields = await answer
    await page.close()
    return fields
  }

  test('R-153 solves what the service asks and sends it', async () => {
    challenge = await work.challengeFor('challenge-20')
    const { solution = '' } = await answerOf(await browser.newPage())
    expect(await work.check('challenge-20', solution)).toBe(true)
  })

  test('lets the page do other things meanwhile', async () => {
    challenge = JSON.stringify(await createChallenge({ algorithm: 'PBKDF2/SHA-256', cost: 4000, counter: 400, deriveKey }))
    const page = await browser.newPage()
    await page.addInitScript(COUNT_TICKS)
    const { ticks } = await answerOf(page)
    expect(Number(ticks)).toBeGreaterThan(5)
  })

  test('leaves the page as it is when it cannot solve what it is given', async () => {
    for (const broken of ['', '{}', '{"parameters":{}}', 'null']) {
      challenge = broken
      const page = await browser.newPage()
      const faults: unknown[] = []
      page.on('pageerror', (fault) => faults.push(fault))
      await page.goto(origin, { waitUntil: 'load' })
      expect(faults).toEqual([])
      expect(await page.locator('form').getAttribute('data-working')).toBeNull()
      expect(await page.locator('[name=solution]').inputValue()).toBe('')
      await page.close()
    }
  })

  test('leaves the page as it is where the browser has no Web Crypto', async () => {
    challenge = await work.challengeFor('challenge-21')
    const page = await browser.newPage()
    await page.addInitScript("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    await page.goto(origin, { waitUntil: 'load' })
    expect(await page.locator('form').getAttribute('data-working')).toBeNull()
    expect(await page.locator('[name=solution]').inputValue()).toBe('')
    await page.close()
  })

  test(`weighs less than ${SCRIPT_BYTES_MAX} bytes`, () => {
    expect(readFileSync(SCRIPT).length).toBeLessThan(SCRIPT_BYTES_MAX)
  })
})
