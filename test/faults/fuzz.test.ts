import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Answer, send } from '../support/http.ts'
import { formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, ask, finish } from './fault-tools.ts'

// R-180: strange requests by the thousand, the same ones in every run unless FUZZ_SEED says otherwise.

const SEED = Number(process.env.FUZZ_SEED ?? 20_260_101)
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 2000)
const AT_ONCE = 16

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

/** mulberry32: small, and good enough to choose with. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const VALUES = [
  ...[
    '',
    '0',
    '-1',
    '1e309',
    'NaN',
    'null',
    'undefined',
    'true',
    '[]',
    '{}',
    '[object Object]',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    "' or 1=1--",
    '"; drop table account; --',
    '$where',
    '#{7*7}',
    '{{7*7}}',
    '<script>alert(1)</script>',
    '../../../etc/passwd',
    '%',
    '%zz',
    '%00',
  ],
  ...[
    '\u0000',
    '\r\nX: y',
    '\u202e',
    '\ufeff',
    '😀',
    'İ',
    '\ud800',
    'ﬃ',
    'a'.repeat(300),
    'é'.repeat(2000),
    '9'.repeat(40),
    'https://evil.example/',
    'data:,x',
  ],
  ...[
    'openid',
    'openid offline_access',
    'code',
    'id_token',
    'query',
    'fragment',
    'form_post',
    'none',
    'login',
    'consent',
    'S256',
    'plain',
    'test-app',
    'refresh_token',
    'authorization_code',
    'client_credentials',
    'urn:ietf:params:oauth:grant-type:device_code',
    'eyJhbGciOiJub25lIn0.e30.',
    'x@y.test',
  ],
]
const NAMES = `
  client_id client_secret redirect_uri response_type response_mode scope state nonce prompt max_age ui_locales login_hint
  acr_values claims request request_uri resource code_challenge code_challenge_method id_token_hint display grant_type
  code code_verifier refresh_token token token_type_hint client_assertion client_assertion_type access_token post_logout_redirect_uri logout
  xsrf csrf identifier answer website dpop_jkt registration __proto__ a[b] a[]`
  .trim()
  .split(/\s+/)
const STEPS = ' /state /identify /answer /resend /restart /again /link/TOKEN /continue /switch /keep /consent /other'.split(' ')
const PATHS = [
  ...`/ /authorize /authorize/UID /token /userinfo /jwks /introspect /revoke /logout /logout/confirm /logout/success
    /.well-known/openid-configuration /.well-known/x /assets/app.css /assets/x /dev/inbox /nowhere`.split(/\s+/),
  ...STEPS.map((step) => `/sign-in/UID${step}`),
]
const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']
const TYPES = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded',
  'application/json',
  'text/plain',
  'multipart/form-data; boundary=x',
  '',
]
const ACCEPTS = ['text/html', 'application/json', '*/*', 'x', '']

interface Shot {
  method: string
  url: string
  headers: Record<string, string>
  body?: string
}

function shots(count: number, seed: number, known: { uid: string; csrf: string; cookie: string; basic: string }): Shot[] {
  const random = generator(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const text = () =>
    random() < 0.15
      ? Array.from({ length: 1 + random() * 40 }, () => String.fromCharCode(random() * 0x300)).join('')
      : pick(VALUES)
  const encode = (value: string) =>
    random() < 0.1 ? value.replace(/[^\x21-\x7e]|[#\s]/g, '') : encodeURIComponent(value.toWellFormed())
  const fields = () => Array.from({ length: random() * 6 }, () => `${encode(pick(NAMES))}=${encode(text())}`).join('&')
  const valid = `client_id=test-app&response_type=code&scope=openid&redirect_uri=${encodeURIComponent(stage.relyingParty.redirectUri)}`

  return Array.from({ length: count }, () => {
    const method = pick(METHODS)
    const path = pick(PATHS)
      .replace('UID', random() < 0.7 ? known.uid : encode(text()))
      .replace('TOKEN', encode(text()))
    const query = random() < 0.6 ? `?${random() < 0.5 ? `${valid}&` : ''}${fields()}` : ''
    const headers: Record<string, string> = {
      accept: pick(ACCEPTS),
      'accept-language': pick(['en', 'de', '*', 'x-y-z', ';;q=2']),
    }
    if (random() < 0.6) headers.cookie = known.cookie
    else if (random() < 0.5) headers.cookie = `session=${encode(text())}; interaction=x; session.sig=y`
    if (random() < 0.3)
      headers.authorization = pick([
        known.basic,
        'Basic',
        'Basic Og==',
        'Basic ///',
        'Bearer x',
        'Bearer',
        `DPoP ${'x'.repeat(60)}`,
      ])
    if (random() < 0.3) headers.origin = pick(['null', 'https://evil.example', stage.service.issuer, 'x'])
    const shot = { method, url: `${stage.service.issuer}${path}${query}`, headers }
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return shot
    headers['content-type'] = pick(TYPES)
    const json = () => JSON.stringify({ [pick(NAMES)]: pick<unknown>([null, 1, [], {}, [[]], text()]) })
    const body = headers['content-type'].includes('json') ? json() : `${random() < 0.5 ? `csrf=${known.csrf}&` : ''}${fields()}`
    return { ...shot, body }
  })
}

const INSIDE =
  /prisma|\bat (?:async )?[\w.<>]+ \(|node_modules|\.ts:\d+|\bP20\d\d\b|postgres|syntax error|SQLSTATE|oidc-provider|TypeError|RangeError|ECONN/i

/** What is wrong with an answer, in words; nothing when it is fine. */
function faultsOf({ status, headers, text }: Answer): string[] {
  const found: string[] = []
  if (status >= 500) found.push(`status ${status}`)
  if (INSIDE.test(text) || INSIDE.test(JSON.stringify(headers))) found.push('tells of its inside')
  for (const name of ['server', 'x-powered-by']) if (headers[name]) found.push(`names itself in ${name}`)
  if (status !== 431 && status !== 400) found.push(...missingHeaders(headers))
  return found
}

function missingHeaders(headers: Answer['headers']): string[] {
  const wanted: Record<string, RegExp> = {
    'content-security-policy':
      /default-src 'none'.*base-uri 'none'.*frame-ancestors 'none'.*object-src 'none'|default-src 'none'.*frame-ancestors 'none'/,
    'x-content-type-options': /^nosniff$/,
    'referrer-policy': /^no-referrer$/,
    'cross-origin-opener-policy': /^same-origin$/,
    'x-frame-options': /^DENY$/i,
    'x-request-id': /^DW-/,
  }
  return Object.entries(wanted).flatMap(([name, form]) =>
    form.test(String(headers[name] ?? '')) ? [] : [`${name}: ${headers[name]}`],
  )
}

describe('strange requests', () => {
  test(`R-137, R-180 never meet a 5xx, the inside of the service, or an answer without its headers`, async () => {
    const walk = await arrive(stage)
    const form = formWith(walk.page, 'identifier')
    const { clientId, clientSecret } = stage.relyingParty
    const known = {
      uid: walk.uid,
      csrf: form?.values.csrf ?? '',
      cookie: walk.visitor.jar.header(walk.home) ?? '',
      basic: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    }
    const queue = shots(REQUESTS, SEED, known)
    const bad: string[] = []
    const statuses: Record<number, number> = {}
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let shot = queue.shift(); shot; shot = queue.shift()) {
          const answer = await send(shot.url, shot).catch((error: Error) => error)
          // Errors of Node's own are of another realm than the tests': no `Error` of theirs.
          if (!('status' in answer)) {
            if (!/invalid char|unescaped|Invalid/i.test(answer.message)) bad.push(`${JSON.stringify(shot)}: ${answer.message}`)
            continue
          }
          statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
          const faults = faultsOf(answer)
          if (faults.length > 0) bad.push(`${JSON.stringify({ ...shot, url: shot.url.slice(0, 300) })}: ${faults.join(', ')}`)
        }
      }),
    )
    expect(bad.slice(0, 5)).toEqual([])
    // The requests reached more than one door.
    for (const status of [200, 303, 400, 403, 404]) expect([status, (statuses[status] ?? 0) > 5]).toEqual([status, true])
    expect(stage.service.output()).not.toMatch(/nobody looked|"a request failed"|the engine failed/)
    const after = await ask(stage, 'after@fabrikam.example')
    expect((await finish(stage, after, 'after@fabrikam.example')).status).toBe(200)
  }, 300_000)
})
