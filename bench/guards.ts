import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { formsOf } from '../test/support/html.ts'
import type { Application, Person } from './application.ts'
import { type Contender, createWorker } from './contenders.ts'
import type { Reply } from './http.ts'
import type { MailSink } from './mail-sink.ts'
import { drive } from './measure.ts'
import { type Operation, operations, type Worker } from './operations.ts'
import type { Postgres } from './postgres.ts'

const PARALLEL = 20
const STARTS = 3
const LOAD_MS = 60_000
/** What runs meanwhile. It begins no sign-in, so that what counts those is still. */
const LOAD = 'authorize'

/** A guard: what is wrong with it, in words; null where it holds. */
type Check = (stage: Stage) => Promise<string | null>

interface Stage {
  service: Contender
  mails: MailSink
  postgres: Postgres
  /** Each has a connection of its own, and a browser in which somebody is signed in. */
  through: readonly Worker[]
  first: Worker
}

const CHECKS: readonly [string, Check][] = [
  ['a code is good once', codeOnce],
  ['a refresh token is good once', refreshOnce],
  ['an emailed code proves once', answerOnce],
  ['an assertion is good once', assertionOnce],
  ['what is revoked is over', revokedIsOver],
  ['a wrong secret is refused', secretCounts],
  ['limits are counted', limitsCount],
  ['a form from another site is refused', otherSiteRefused],
  ["a form without the page's token is refused", tokenlessRefused],
]

/**
 * What is fast because a guard is off is not worth measuring: looks at the guards of the service while it is under load.
 * Throws with a line for each that is off.
 *
 * @param say is told of each guard that holds
 */
export async function checkGuards(
  service: Contender,
  { mails, postgres }: Pick<Stage, 'mails' | 'postgres'>,
  say: (words: string) => void,
): Promise<void> {
  const load = operations.find(({ name }) => name === LOAD) as Operation
  const through = await newWorkers(service, mails)
  const [first] = through
  if (!first) throw new Error('there is nobody to look at the guards')
  let ended = false
  // Until the guards are looked at, or for a minute.
  const running = drive(
    service.workers,
    untilSo(load, () => ended),
    LOAD_MS,
  )
  const off: string[] = []
  try {
    for (const [name, check] of CHECKS) {
      const wrong = await check({ service, mails, postgres, through, first })
      if (wrong) off.push(`a guard is off: ${name}: ${wrong}`)
      else say(`${name}: holds`)
    }
  } finally {
    ended = true
    await running
  }
  if (off.length > 0) throw new GuardsOff(off)
}

/** The bench measures nothing then. */
export class GuardsOff extends Error {
  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.name = 'GuardsOff'
  }
}

const untilSo = (operation: Operation, ended: () => boolean): Operation => ({ ...operation, mayRun: () => !ended() })

async function newWorkers({ target, workers }: Contender, mails: MailSink): Promise<Worker[]> {
  const clients = workers[0]?.clients
  if (!clients) return []
  return Promise.all(
    Array.from({ length: PARALLEL }, async (_, index) => {
      const worker = createWorker(workers.length + 1 + index, target, clients, mails)
      await worker.application.signIn(personOf(`guard-${index}`))
      return worker
    }),
  )
}

const personOf = (name: string): Person => ({ email: `${name}@bench.example`, authenticator: null })

async function codeOnce({ through, first }: Stage): Promise<string | null> {
  const form = first.application.codeForm(await first.application.code())
  return oneAtMost(await atToken(through, form), 'the code', 400)
}

async function refreshOnce({ through, first }: Stage): Promise<string | null> {
  const { refresh_token } = await first.application.authorize()
  return oneAtMost(await atToken(through, { grant_type: 'refresh_token', refresh_token }), 'the refresh token', 400)
}

async function assertionOnce({ through, service: { guardKey, target } }: Stage): Promise<string | null> {
  if (!guardKey) return 'there is no client with a key'
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: 'guard' })
    .setIssuer(guardKey.id)
    .setSubject(guardKey.id)
    .setAudience(target.issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('2m')
    .sign(guardKey.privateKey)
  const form = {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  }
  const answers = await Promise.all(through.map(({ application, endpoints }) => application.post(endpoints.token, null, form)))
  return oneAtMost(answers, 'the assertion', 401) ?? (won(answers) === 0 ? 'none of them was taken' : null)
}

function atToken(through: readonly Worker[], form: Record<string, string>): Promise<Reply[]> {
  return Promise.all(through.map(({ application, clients, endpoints }) => application.post(endpoints.token, clients.web, form)))
}

const won = (answers: readonly Reply[]) => answers.filter(({ status }) => status === 200).length

function oneAtMost(answers: readonly Reply[], what: string, refusal: number): string | null {
  if (won(answers) > 1) return `${what} was taken ${won(answers)} times of ${answers.length}`
  const others = answers.filter(({ status }) => status !== 200 && status !== refusal)
  return others.length > 0 ? `${what}: ${others.length} answers were ${others[0]?.status} instead of ${refusal}` : null
}

/** Begins a sign-in in a new browser: the page, and the form that asks for the address. */
async function openForm(application: Application, issuer: string, field: string, page?: string) {
  if (!page) application.newBrowser()
  const path = page ?? (await application.begin())
  const url = `${issuer}${path}`
  const form = formsOf((await application.visit(path)).text, url).find(({ fields }) => fields.includes(field))
  if (!form) throw new Error(`no field ${field} at ${path}`)
  return { path, action: new URL(form.action).pathname, values: form.values }
}

async function answerOnce({ service: { target }, mails, through, first }: Stage): Promise<string | null> {
  const { application } = first
  const { email } = personOf('guard-answer')
  const asked = await openForm(application, target.issuer, 'identifier')
  await application.visit(asked.action, { ...asked.values, identifier: email })
  const { path, action, values } = await openForm(application, target.issuer, 'code', asked.path)
  const typed = { ...values, code: await mails.nextCode(email) }
  // One browser, over many connections.
  const answers = await Promise.all(
    through.map((worker) => {
      worker.application.useBrowser(application.jar)
      return worker.application.visit(action, typed)
    }),
  )
  const onward = answers.filter(
    ({ status, headers }) => status === 303 && new URL(headers.location ?? '', target.issuer).pathname !== path,
  )
  const failed = answers.filter(({ status }) => status !== 303)
  if (failed.length > 0) return `${failed.length} of ${answers.length} answers were ${failed[0]?.status}`
  return onward.length === 1 ? null : `the code proved ${onward.length} times of ${answers.length}`
}

async function revokedIsOver({ first }: Stage): Promise<string | null> {
  const { application, clients, endpoints } = first
  application.newBrowser()
  const tokens = await application.signIn(personOf('guard-revoked'))
  const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
  const revoked = await application.post('/revoke', clients.web, { token: tokens.refresh_token })
  if (revoked.status !== 200) return `the revocation was answered with ${revoked.status}`
  const { status } = await application.userinfo(tokens.access_token)
  if (status !== 401) return `userinfo answered ${status} to the access token`
  const refreshed = await application.post(endpoints.token, clients.web, form)
  return refreshed.status === 400 ? null : `the refresh token was answered with ${refreshed.status}`
}

async function secretCounts({ first: { application, clients, endpoints } }: Stage): Promise<string | null> {
  const wrong = { ...clients.machine, secret: `${clients.machine.secret.slice(0, -1)}!` }
  const { status } = await application.post(endpoints.token, wrong, { grant_type: 'client_credentials' })
  return status === 401 ? null : `it was answered with ${status}`
}

async function limitsCount({ service, postgres, first: { application } }: Stage): Promise<string | null> {
  const before = await postgres.counted(service.database ?? '', 'email')
  for (let start = 0; start < STARTS; start++) {
    const { action, values } = await openForm(application, service.target.issuer, 'identifier')
    await application.visit(action, { ...values, identifier: personOf('guard-limit').email })
  }
  const counted = (await postgres.counted(service.database ?? '', 'email')) - before
  return counted === STARTS ? null : `${STARTS} messages to one address counted ${counted}`
}

async function otherSiteRefused({ service: { target }, first: { application } }: Stage): Promise<string | null> {
  const { action, values } = await openForm(application, target.issuer, 'identifier')
  const foreign = { origin: 'https://other.example', 'sec-fetch-site': 'cross-site' }
  const { status } = await application.visit(action, { ...values, identifier: personOf('guard-forged').email }, foreign)
  return status === 403 ? null : `it was answered with ${status}`
}

async function tokenlessRefused({ service: { target }, first: { application } }: Stage): Promise<string | null> {
  const { action, values } = await openForm(application, target.issuer, 'identifier')
  const forged = { ...values, csrf: 'x'.repeat(values.csrf?.length ?? 1), identifier: personOf('guard-forged').email }
  const { status } = await application.visit(action, forged)
  return status === 403 ? null : `it was answered with ${status}`
}
