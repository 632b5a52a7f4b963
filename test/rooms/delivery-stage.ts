import { createAudit } from '../../src/audit/index.ts'
import { addSeconds, createLog, createMetrics, type EmailAddress, type Metrics, newId } from '../../src/base/index.ts'
import { createSmtpRoute } from '../../src/delivery/channels/index.ts'
import { type ComposedMail, createDelivery, type DeliveryDeps, type MailRoute } from '../../src/delivery/index.ts'
import { createAuditStore } from '../../src/store/audit.ts'
import { afterCommit, openDatabase, runIn } from '../../src/store/database.ts'
import { createDeliveryStore } from '../../src/store/deliveries.ts'
import { freshDatabase, query } from '../support/database.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'

export const TO = 'maria@fabrikam.example' as EmailAddress
export const START = new Date('2029-01-01T10:00:00Z')
export const GIVE_UP_SECONDS = 900
export const CODE = '123456'
const LINK = 'https://doorward.example/sign-in/u/link/secret-token'
export const MAIL: ComposedMail = { subject: 'Sign in', text: `${CODE}\n${LINK}`, html: `<p>${CODE}</p>` }
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
}

/** The room on a database and mail servers of its own, with a clock that only `wait` and `work` move. */
export async function stage(changes: Partial<DeliveryDeps> = {}, spares: readonly Mailbox[] = []) {
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
  const challengeId = await seedChallenge(url)
  const deps: DeliveryDeps = {
    store: createDeliveryStore(db),
    transact: db.transact,
    enqueue: async (tx, _task, { deliveryId = '' }, { runAt }) =>
      afterCommit(tx, () => void jobs.push({ id: deliveryId, ...(runAt && { runAt }) })),
    compose: async () => MAIL,
    handedOver: async (tx, id, at) => {
      await runIn(tx, { name: 'test_handed', text: 'update challenge set last_handed_at = $2 where id = $1' }, [id, at])
    },
    from: { name: 'Doorward', address: 'sign-in@doorward.example' },
    routes,
    audit: createAudit({ store: createAuditStore(db), afterCommit, clock, log, metrics }),
    clock,
    log,
    metrics,
    ...changes,
  }
  const delivery = createDelivery(deps)
  const wanted = (target = TO) => ({
    challengeId,
    message: 'sign-in' as const,
    target,
    locale: 'en',
    giveUpAt: addSeconds(START, GIVE_UP_SECONDS),
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
    challengeId,
    deps,
    delivery,
    wanted,
    work,
    now: () => now,
    wait: (seconds: number) => {
      now = addSeconds(now, seconds)
    },
    order: async (target = TO) => (await db.transact((tx) => delivery.queue(tx, wanted(target)))).id,
    row: async (id: string) => (await query<Row>(url, 'select * from delivery where id = $1', [id]))[0] as Row,
    events: async () =>
      (await query<{ event: string }>(url, 'select event from audit_entry order by id')).map(({ event }) => event),
    handedAt: async () => (await query<{ at: Date }>(url, 'select last_handed_at as at from challenge'))[0]?.at,
  }
}

function route(url: string, log: DeliveryDeps['log']): MailRoute {
  const times = { connectionSeconds: 2, greetingSeconds: 1, idleSeconds: 0.6, mailSeconds: 3 }
  return createSmtpRoute({ url, log, times })
}

async function seedChallenge(url: string): Promise<string> {
  const [attemptId, challengeId] = [newId(), newId()]
  await query(
    url,
    `insert into attempt (id, interaction_hash, interaction, purpose, client_id, device, locale, created_at, expires_at)
     values ($1, 'h', 's', 'sign-in', 'c', 'Firefox on Linux', 'en', $2, $3)`,
    [attemptId, START, addSeconds(START, GIVE_UP_SECONDS)],
  )
  await query(
    url,
    `insert into challenge (id, attempt_id, kind, target, target_key, secret_id, known_browser, short_code, first_sent_at, last_sent_at, expires_at)
     values ($1, $2, 'email', $3, 'k', 's', false, true, $4, $4, $5)`,
    [challengeId, attemptId, TO, START, addSeconds(START, GIVE_UP_SECONDS)],
  )
  return challengeId
}
