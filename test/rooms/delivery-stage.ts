import { createAudit } from '../../src/audit/index.ts'
import {
  addSeconds,
  createLog,
  createMetrics,
  type EmailAddress,
  type Metrics,
  newId,
  type PhoneNumber,
} from '../../src/base/index.ts'
import { createSmtpRoute } from '../../src/delivery/channels/index.ts'
import { type Composed, createDelivery, type DeliveryDeps, type MailRoute, type Spend } from '../../src/delivery/index.ts'
import { createAuditStore } from '../../src/store/audit.ts'
import { afterCommit, openDatabase } from '../../src/store/database.ts'
import { createDeliveryStore } from '../../src/store/deliveries.ts'
import { createSuppressionStore } from '../../src/store/suppressions.ts'
import { freshDatabase, query } from '../support/database.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'

export const TO = 'maria@fabrikam.example' as EmailAddress
export const NUMBER = '+4915112345678' as PhoneNumber
export const START = new Date('2029-01-01T10:00:00Z')
export const GIVE_UP_SECONDS = 900
/** How long a challenge lasts, as the service has it. */
export const LIFETIMES = { capSeconds: 1200, ttlSeconds: 600 }
export const CODE = '123456'
const LINK = 'https://doorward.example/sign-in/u/link/secret-token'
export const MAIL: Composed = { channel: 'email', subject: 'Sign in', text: `${CODE}\n${LINK}`, html: `<p>${CODE}</p>` }
const TEXT: Composed = { channel: 'sms', text: `Fabrikam: ${CODE} is your code`, facts: { code: CODE, link: null } }
const cleanups: (() => Promise<unknown>)[] = []

/** Runs when the test has ended. */
export function onEnd(cleanup: () => Promise<unknown>): void {
  cleanups.push(cleanup)
}

/** For `afterEach`: ends what the stages of one test opened. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
}

interface Row {
  state: string
  reason: string | null
  tries: number
  due_at: Date
  handed_at: Date | null
  delivered_at: Date | null
  route: string | null
  receipt_id: string | null
}

type StageChanges = Omit<Partial<DeliveryDeps>, 'routes'> & {
  /** Of texts; mails go to the stage's own mail servers. */
  textRoutes?: DeliveryDeps['routes']['sms']
}

/** The key under which the stage's address or number is remembered. */
export const keyOf = (address: string) => `key of ${address}`

/** The room on a database and mail servers of its own, with a clock that only `wait` and `work` move. */
export async function stage(changes: StageChanges = {}, spares: readonly Mailbox[] = []) {
  const url = await freshDatabase()
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  let now = START
  const clock = { now: () => now }
  const metrics: Metrics = createMetrics()
  const options = { url, poolSize: 8, log, metrics, clock }
  const db = openDatabase(options)
  const mailbox = await startMailbox()
  const routes = [mailbox, ...spares].map((one) => route(one.url, log))
  onEnd(() => db.close())
  onEnd(() => mailbox.stop())
  onEnd(() => Promise.all(routes.map((one) => one.close())))
  const jobs: { id: string; runAt?: Date }[] = []
  const begun: (() => Promise<void>)[] = []
  const [challengeId, textChallengeId] = await seedChallenges(url)
  const { textRoutes = [], ...rest } = changes
  const { spend, ...money } = countingSpend()
  const deps: DeliveryDeps = {
    store: createDeliveryStore(db, LIFETIMES),
    transact: db.transact,
    enqueue: async (tx, _task, { deliveryId = '' }, { runAt }) =>
      afterCommit(tx, () => void jobs.push({ id: deliveryId, ...(runAt && { runAt }) })),
    soon: async (tx, _task, { deliveryId = '' }, { held }) =>
      afterCommit(tx, () => void (held ? begun.push(held) : jobs.push({ id: deliveryId }))),
    hasPlace: () => false,
    suppressions: createSuppressionStore(),
    spend,
    compose: async (due) => (due.channel === 'sms' ? TEXT : MAIL),
    addressKey: keyOf,
    died: async () => {},
    from: { name: 'Doorward', address: 'sign-in@doorward.example' },
    routes: { email: routes, sms: textRoutes },
    jobsAtOnce: 30,
    audit: createAudit({ store: createAuditStore(db), afterCommit, clock, log, metrics }),
    clock,
    log,
    metrics,
    ...rest,
  }
  const delivery = createDelivery(deps)
  const wanted = (target = TO) => ({
    channel: 'email' as const,
    challengeId,
    message: 'sign-in' as const,
    target,
    locale: 'en',
    giveUpAt: addSeconds(START, GIVE_UP_SECONDS),
  })

  const wantedText = (target: PhoneNumber | '' = NUMBER) => ({
    ...wanted(),
    channel: 'sms' as const,
    challengeId: textChallengeId,
    target,
  })

  /** Runs the next job at its time. */
  async function work(before: () => void = () => {}): Promise<void> {
    const job = jobs.shift()
    if (!job) throw new Error('there is no job')
    if (job.runAt && job.runAt > now) now = job.runAt
    before()
    await delivery.deliver(job.id)
  }

  return {
    url,
    lines,
    metrics,
    options,
    db,
    mailbox,
    jobs,
    /** What waits to be done by the process that was asked, where it has a place (`hasPlace`). */
    begun,
    challengeId,
    textChallengeId,
    money,
    clock,
    deps,
    delivery,
    wanted,
    work,
    now: () => now,
    wait: (seconds: number) => {
      now = addSeconds(now, seconds)
    },
    order: async (target = TO) => (await db.transact((tx) => delivery.queue(tx, wanted(target)))).id,
    orderText: async (target: PhoneNumber | '' = NUMBER) =>
      (await db.transact((tx) => delivery.queue(tx, wantedText(target)))).id,
    row: async (id: string) => (await query<Row>(url, 'select * from delivery where id = $1', [id]))[0] as Row,
    events: async () =>
      (await query<{ event: string }>(url, 'select event from audit_entry order by id')).map(({ event }) => event),
    handedAt: async () =>
      (await query<{ at: Date }>(url, 'select last_handed_at as at from challenge where id = $1', [challengeId]))[0]?.at,
  }
}

function route(url: string, log: DeliveryDeps['log']): MailRoute {
  const times = { connectionSeconds: 2, greetingSeconds: 1, idleSeconds: 0.6, mailSeconds: 3 }
  return createSmtpRoute({ url, log, times })
}

/** A budget that counts what it is asked, and allows everything until told otherwise. */
function countingSpend() {
  const reserved: string[] = []
  const asked: Parameters<Spend['reserve']>[0][] = []
  const givenBack: string[] = []
  let answer: () => ReturnType<Spend['reserve']> = async () => ({ ok: true })
  const spend: Spend = {
    reserve: async (order) => {
      asked.push(order)
      const said = await answer()
      if (said.ok && !reserved.includes(order.deliveryId)) reserved.push(order.deliveryId)
      return said
    },
    giveBack: async (id) => {
      if (reserved.includes(id) && !givenBack.includes(id)) givenBack.push(id)
    },
  }
  const answerWith = (wanted: typeof answer) => {
    answer = wanted
  }
  return { spend, reserved, asked, givenBack, answerWith }
}

async function seedChallenges(url: string): Promise<[string, string]> {
  const [attemptId, mailId, textId] = [newId(), newId(), newId()]
  const end = addSeconds(START, GIVE_UP_SECONDS)
  await query(
    url,
    `insert into attempt (id, interaction_hash, interaction, purpose, client_id, device, locale, created_at, expires_at)
     values ($1, 'h', 's', 'sign-in', 'c', 'Firefox on Linux', 'en', $2, $3)`,
    [attemptId, START, end],
  )
  for (const [id, kind, target] of [
    [mailId, 'email', TO],
    [textId, 'sms', NUMBER],
  ] as const) {
    await query(
      url,
      `insert into challenge (id, attempt_id, kind, target, target_key, secret_id, known_browser, short_code, first_sent_at, last_sent_at, expires_at)
       values ($1, $2, $3, $4, $5, 's', false, true, $6, $6, $7)`,
      [id, attemptId, kind, target, keyOf(target), START, end],
    )
  }
  return [mailId, textId]
}
