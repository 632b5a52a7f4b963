import type { Audit, EventWho } from '../audit/index.ts'
import { addSeconds, type Clock, type Secrets, type Transact, type Tx } from '../base/index.ts'
import type { KeyStore } from './keys.ts'
import { makeKey } from './make-key.ts'
import { clientsWaiting, mayActivateFrom, nextSteps, type RotationPolicy, type Step } from './rotation-steps.ts'
import type { ClientSight, SightingStore } from './sightings.ts'
import { ALGS, type SigningKeyRow } from './signing-key.ts'

/** A rotation that was asked for cannot be. */
export type NotRotated = 'from_file' | 'under_way' | 'none_waits' | 'clock_differs' | { tooEarlyUntil: Date }

/** How a rotation stands. */
export interface RotationState {
  /** When a next key was published last; null when none waits. */
  publishedAt: Date | null
  /** Before then it does not sign, whoever asks: an instance or a cache may not have it yet. */
  mayActivateFrom: Date | null
  /** From then on it signs, whoever has seen it. */
  activateBy: Date | null
  /** Clients that asked for tokens of late and are waited for. */
  active: readonly ClientSight[]
  waiting: readonly ClientSight[]
}

/** The exchange of the signing keys: next → current → previous → gone. */
export interface Rotation {
  /** The job: does what is due, each step in a transaction of its own. Any number of instances may do it at once, and be killed. */
  advance(): Promise<void>
  /**
   * Publishes a next key of each algorithm. For one that leaked: all are taken away at once, and new ones sign from now on;
   * beside a file none is made.
   */
  begin(tx: Tx, who: EventWho, options: { compromised: boolean }): Promise<NotRotated | { published: readonly SigningKeyRow[] }>
  /** Lets the next keys sign now, whoever has seen them. */
  activate(tx: Tx, who: EventWho): Promise<NotRotated | { activated: readonly SigningKeyRow[] }>
  state(rows: readonly SigningKeyRow[]): Promise<RotationState>
}

/** The trail hides whatever looks like a secret, and a whole `kid` does. */
const KID_CHARACTERS = 16

const ACTIVE_SECONDS = 30 * 24 * 3600

/** Rotates the keys that the service makes itself; with keys of a file (`policy.fromFile`) it takes its own out of service. */
export function createRotation(deps: {
  store: KeyStore
  sightings: Pick<SightingStore, 'active'>
  policy: RotationPolicy
  transact: Transact
  secrets: Secrets
  audit: Pick<Audit, 'record'>
  clock: Clock
}): Rotation {
  const { store, policy, transact, secrets, audit, clock } = deps

  async function state(rows: readonly SigningKeyRow[]): Promise<RotationState> {
    const next = rows.filter((row) => row.state === 'next').sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0]
    const active = next ? await deps.sightings.active(addSeconds(clock.now(), -ACTIVE_SECONDS)) : []
    return {
      publishedAt: next?.createdAt ?? null,
      mayActivateFrom: next ? mayActivateFrom(next) : null,
      activateBy: next?.activateBy ?? null,
      active,
      waiting: next ? clientsWaiting(next, active) : [],
    }
  }

  // What is taken away too early is missed everywhere, and cannot be brought back. The service says itself that its clock is wrong.
  async function clockIsRight(tx: Tx): Promise<boolean> {
    const before = clock.now().getTime()
    const right = (await store.time(tx)).getTime()
    const after = clock.now().getTime()
    const max = policy.skewMaxSeconds * 1000
    return right > before - max && right < after + max
  }

  async function advance(): Promise<void> {
    const rows = await store.all()
    const { waiting } = await state(rows)
    for (const step of nextSteps(rows, { policy, everybodyHasSeen: waiting.length === 0, now: clock.now() })) {
      await take(step)
    }
  }

  /** What was found due without the lock is looked at again under it: another instance may have been quicker. */
  async function take(step: Step): Promise<void> {
    // Made before the lock is taken, on which all instances wait.
    const made =
      step.kind === 'publish'
        ? await makeKey(step.alg, secrets, {
            now: clock.now(),
            state: 'next',
            activateBy: addSeconds(clock.now(), policy.waitSeconds),
          })
        : null
    await transact(async (tx) => {
      if (!(await clockIsRight(tx))) return
      const now = clock.now()
      const rows = await store.lock(tx)
      const everybodyHasSeen = step.kind === 'activate' && step.reason === 'all_seen'
      if (!nextSteps(rows, { policy, everybodyHasSeen, now }).some((due) => isSame(due, step))) return
      if (step.kind === 'activate') await toCurrent(tx, rows, step.key, now, step.reason)
      if (step.kind === 'retire') await toPrevious(tx, step.key, now)
      if (step.kind === 'remove') await away(tx, [step.key], step.reason)
      if (made) await published(tx, made, 'schedule', {})
    })
  }

  async function published(tx: Tx, key: SigningKeyRow, reason: string, who: EventWho): Promise<void> {
    await store.insert(tx, key)
    await audit.record(tx, 'key.published', { ...who, detail: { ...named(key), reason } })
  }

  async function toPrevious(tx: Tx, key: SigningKeyRow, now: Date): Promise<void> {
    await store.move(tx, { id: key.id, state: 'previous', activatedAt: key.activatedAt, retiredAt: now })
    await audit.record(tx, 'key.retired', { detail: named(key) })
  }

  async function toCurrent(tx: Tx, rows: readonly SigningKeyRow[], key: SigningKeyRow, now: Date, reason: string, who = {}) {
    const before = rows.find(({ alg, state: its }) => alg === key.alg && its === 'current')
    if (before) await toPrevious(tx, before, now)
    await store.move(tx, { id: key.id, state: 'current', activatedAt: now, retiredAt: null })
    await audit.record(tx, 'key.activated', { ...who, detail: { ...named(key), reason } })
  }

  async function away(tx: Tx, keys: readonly SigningKeyRow[], reason: string, who: EventWho = {}): Promise<void> {
    await store.remove(
      tx,
      keys.map(({ id }) => id),
    )
    for (const key of keys) await audit.record(tx, 'key.removed', { ...who, detail: { ...named(key), reason } })
  }

  /** Those that the service made before there was a file: they are published still, and their tokens count. */
  async function dropAll(tx: Tx, who: EventWho): Promise<NotRotated | { published: readonly SigningKeyRow[] }> {
    const rows = await store.lock(tx)
    if (rows.length === 0) return 'from_file'
    await away(tx, rows, 'compromised', who)
    return { published: [] }
  }

  const begin: Rotation['begin'] = async (tx, who, { compromised }) => {
    if (policy.fromFile) return compromised ? dropAll(tx, who) : 'from_file'
    if (!compromised && !(await clockIsRight(tx))) return 'clock_differs'
    const now = clock.now()
    const how = compromised
      ? ({ now, state: 'current' } as const)
      : ({ now, state: 'next', activateBy: addSeconds(now, policy.waitSeconds) } as const)
    const made = await Promise.all(ALGS.map((alg) => makeKey(alg, secrets, how)))
    const rows = await store.lock(tx)
    if (compromised) {
      await away(tx, rows, 'compromised', who)
      for (const key of made) {
        await store.insert(tx, key)
        await audit.record(tx, 'key.activated', { ...who, detail: { ...named(key), reason: 'compromised' } })
      }
      return { published: made }
    }
    const waits = rows.filter((row) => row.state === 'next').map(({ alg }) => alg)
    const wanted = made.filter(({ alg }) => !waits.includes(alg))
    if (wanted.length === 0) return 'under_way'
    for (const key of wanted) await published(tx, key, 'operation', who)
    return { published: wanted }
  }

  const activate: Rotation['activate'] = async (tx, who) => {
    if (policy.fromFile) return 'from_file'
    if (!(await clockIsRight(tx))) return 'clock_differs'
    const now = clock.now()
    const rows = await store.lock(tx)
    const next = rows.filter((row) => row.state === 'next')
    const [last] = next.map(mayActivateFrom).sort((a, b) => b.getTime() - a.getTime())
    if (!last) return 'none_waits'
    if (last > now) return { tooEarlyUntil: last }
    for (const key of next) await toCurrent(tx, rows, key, now, 'operation', who)
    return { activated: next }
  }

  return { advance, begin, activate, state }
}

const named = ({ id, alg }: SigningKeyRow) => ({ kid: id.slice(0, KID_CHARACTERS), alg })

function isSame(a: Step, b: Step): boolean {
  return nameOf(a) === nameOf(b)
}

function nameOf(step: Step): string {
  return `${step.kind} ${step.kind === 'publish' ? step.alg : step.key.id}`
}
