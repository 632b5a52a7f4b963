import type { Audit } from './audit/index.ts'
import { addSeconds, type Clock, gaugeIn, type Log, type Metrics, SealBroken, type Secrets, type Transact } from './base/index.ts'
import type { CredentialFactors } from './factors/index.ts'
import { createResealingStore, type Database, type Queue, type ResealingStore, type SealedSeed } from './store/index.ts'

/** The job that seals anew what a former secret has sealed. */
export const RESEAL_TASK = 'reseal'
/** Once an hour, for what an instance with the former list has sealed meanwhile. */
export const RESEAL_CRON = '17 * * * * reseal ?jobKey=reseal&jobKeyMode=preserve_run_at&queue=reseal&priority=10'

const AGAIN_SECONDS = 60
const MEASURE_EVERY_MS = 60_000
const TELL_EVERY_BATCHES = 50
const PASSES_MAX = 3
/** Beyond it nobody counts: the number grows no further. */
const COUNT_MAX = 100_000

/** What one run did with what one former secret has sealed. */
interface Resealed {
  done: number
  /** Held by somebody else, or changed meanwhile: the next look sees them again. */
  passedOver: number
  /** Opens with no secret: damaged, or copied from another account's row. */
  broken: number
  /** False where it was stopped before the end. */
  whole: boolean
}

export interface ResealingDeps {
  store: ResealingStore
  /** The one method whose secret is kept for as long as its person keeps it. */
  totp: Pick<CredentialFactors['totp'], 'sealAnew'>
  secrets: Pick<Secrets, 'currentId' | 'ids'>
  transact: Transact
  audit: Pick<Audit, 'note'>
  clock: Clock
  log: Log
  metrics: Metrics
  /** Lets the job begin; a waiting one is replaced, and no two run at once. */
  queue(runAt: Date): Promise<void>
  /** Rows of one transaction. */
  batchSize?: number
}

/**
 * seals anew with the newest secret what an older one has sealed and what is kept for long, so that the older one
 * can go. In small transactions, each row only where it still is what was read: whoever uses or removes a seed meanwhile
 * wins and waits for nothing. It remembers nothing: what is left is found by its seal, so that a run that was killed is
 * gone on with by the next.
 */
export function createResealing(deps: ResealingDeps) {
  const { store, secrets, clock, log, batchSize = 500 } = deps
  const remaining = gaugeIn(deps.metrics, 'doorward_reseal_remaining')

  /** One run, until nothing is left or `signal` ends it. */
  async function run(signal?: AbortSignal): Promise<void> {
    // An instance with the former list must not seal back what the new ones have sealed.
    if ((await store.current()) !== secrets.currentId) return deps.queue(addSeconds(clock.now(), AGAIN_SECONDS))
    await noteExchange()
    for (const secretId of await formerSecrets()) {
      if (!secrets.ids.includes(secretId)) {
        log.warn({ secretId, rows: await store.countSeeds(secretId, COUNT_MAX) }, 'SECRETS lacks what rows are sealed with')
        continue
      }
      const { whole } = await resealAll(secretId, signal)
      if (!whole) return deps.queue(clock.now())
    }
  }

  const formerSecrets = async () => (await store.secretsOfSeeds()).filter((id) => id !== secrets.currentId)

  /** The trail says since when which secret is the newest: from that it is known when what a former one signed has ended. */
  async function noteExchange(): Promise<void> {
    const [last] = await store.exchanges()
    if (last?.secretId === secrets.currentId || (!last && secrets.ids.length === 1)) return
    await deps.audit.note('secrets.exchanged', { detail: { newest: secrets.currentId } })
  }

  async function resealAll(secretId: string, signal?: AbortSignal): Promise<Resealed> {
    const total = await store.countSeeds(secretId, COUNT_MAX)
    const sum: Resealed = { done: 0, passedOver: 0, broken: 0, whole: true }
    for (let pass = 1; pass <= PASSES_MAX; pass++) {
      Object.assign(sum, { passedOver: 0, broken: 0 })
      sum.whole = await resealPass(secretId, { sum, total, signal })
      if (!sum.whole || sum.passedOver === 0) break
    }
    await measure()
    const { done, passedOver, broken, whole } = sum
    log.info({ secretId, done, passedOver, broken, whole }, 'sealed anew with the newest secret')
    if (broken > 0) log.warn({ secretId, rows: broken }, 'sealed rows cannot be opened: they are passed over')
    return sum
  }

  /** Once over all rows of a secret. Answers false where it was stopped before the end. */
  async function resealPass(
    secretId: string,
    { sum, total, signal }: { sum: Resealed; total: number; signal: AbortSignal | undefined },
  ): Promise<boolean> {
    let afterId = ''
    for (let batches = 1; ; batches++) {
      if (signal?.aborted || (await store.current()) !== secrets.currentId) return false
      const seeds = await store.nextSeeds(secretId, afterId, batchSize)
      const last = seeds.at(-1)
      if (!last) return true
      afterId = last.id
      const { done, passedOver, broken } = await resealBatch(seeds)
      sum.done += done
      sum.passedOver += passedOver
      sum.broken += broken
      if (batches % TELL_EVERY_BATCHES !== 0) continue
      const left = Math.max(0, total - sum.done)
      remaining.set({ secret: secretId }, left)
      log.info({ secretId, done: sum.done, remaining: left }, 'sealing anew with the newest secret')
    }
  }

  async function resealBatch(seeds: readonly SealedSeed[]): Promise<Omit<Resealed, 'whole'>> {
    const seals = seeds.flatMap(({ id, accountId, data }) => {
      const after = sealed(data, accountId)
      return after === null ? [] : [{ id, before: data, after }]
    })
    const done = seals.length === 0 ? 0 : (await deps.transact((tx) => store.replaceSeeds(tx, seals))).length
    return { done, passedOver: seals.length - done, broken: seeds.length - seals.length }
  }

  function sealed(data: string, accountId: string): string | null {
    try {
      return deps.totp.sealAnew(data, accountId)
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }

  /** Tells how much is left of each former secret, counted up to 100,000. */
  async function measure(): Promise<void> {
    const former = await formerSecrets()
    const counts = await Promise.all(former.map((secretId) => store.countSeeds(secretId, COUNT_MAX)))
    remaining.reset()
    for (const [place, secret] of former.entries()) remaining.set({ secret }, counts[place] ?? 0)
  }

  return { run, measure }
}

/** The same on the tables and the queue of the service. `begin` is called after the queue was started; it answers a timer to clear. */
export function resealingOn(
  needs: Omit<ResealingDeps, 'store' | 'queue' | 'batchSize'> & { db: Database; queue: Pick<Queue, 'add'> },
) {
  const queue = (runAt: Date) =>
    needs.transact((tx) => needs.queue.add(tx, RESEAL_TASK, {}, { key: RESEAL_TASK, line: RESEAL_TASK, runAt }))
  const { run, measure } = createResealing({ ...needs, store: createResealingStore(needs.db), queue })

  async function begin(): Promise<NodeJS.Timeout> {
    await queue(needs.clock.now())
    const look = () => void measure().catch((err) => needs.log.warn({ err }, 'what is left to seal anew could not be counted'))
    look()
    return setInterval(look, MEASURE_EVERY_MS)
  }
  return { run, begin }
}
