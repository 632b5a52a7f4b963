import type { JWK } from 'jose'
import { addSeconds } from '../../base/index.ts'
import type { Keys, NotRotated, Rotation, RotationPolicy, SigningKeyRow } from '../../keys/index.ts'
import { AdminFault } from '../fault.ts'
import type { Handlers } from '../operation.ts'
import type { keyOperations } from '../specs/keys.ts'

/** What the operations on signing keys need. */
export interface KeyDesk {
  keys: Pick<Keys, 'list'>
  rotation: Pick<Rotation, 'begin' | 'activate' | 'state'>
  /** The keys of `SIGNING_KEYS_FILE` that are in service; null where there is none. */
  ofFile(): readonly JWK[] | null
  policy: Pick<RotationPolicy, 'everySeconds' | 'keepSeconds' | 'fromFile'>
}

const WAITING_MAX = 100

/** The signing keys, as everybody may see them, and their exchange. */
export function createKeyHandlers({ keys, rotation, ofFile, policy }: KeyDesk): Handlers<typeof keyOperations> {
  function view({ id, alg, state, createdAt, activatedAt, retiredAt }: SigningKeyRow) {
    return {
      ...{ kid: id, alg, state, source: 'service' as const },
      created_at: createdAt.toISOString(),
      activated_at: activatedAt?.toISOString() ?? null,
      retired_at: retiredAt?.toISOString() ?? null,
      published_until: retiredAt ? addSeconds(retiredAt, policy.keepSeconds).toISOString() : null,
    }
  }

  return {
    async 'keys.list'() {
      const rows = await keys.list()
      const fromFile = ofFile() ?? []
      const { publishedAt, mayActivateFrom, activateBy, active, waiting } = await rotation.state(rows)
      return {
        items: [...fromFile.map(fileView), ...rows.map(view)],
        rotation: {
          source: policy.fromFile ? ('file' as const) : ('service' as const),
          every_seconds: policy.fromFile || policy.everySeconds === 0 ? null : policy.everySeconds,
          published_at: publishedAt?.toISOString() ?? null,
          activate_from: mayActivateFrom?.toISOString() ?? null,
          activate_by: activateBy?.toISOString() ?? null,
          seen_count: active.length - waiting.length,
          waiting_count: waiting.length,
          waiting: waiting.slice(0, WAITING_MAX).map(({ clientId, name, fetchedAt }) => ({
            client_id: clientId,
            client_name: name,
            last_fetch_at: fetchedAt?.toISOString() ?? null,
          })),
        },
      }
    },

    async 'keys.rotate'({ actor, tx }, { compromised }) {
      const result = await rotation.begin(tx, actor.who, { compromised })
      if (typeof result === 'string' || 'tooEarlyUntil' in result) throw faultOf(result)
      const { published } = result
      return {
        published: published.map(({ id, alg }) => ({
          kid: id,
          alg,
          state: compromised ? ('current' as const) : ('next' as const),
        })),
        activate_by: published[0]?.activateBy?.toISOString() ?? null,
      }
    },

    async 'keys.activate'({ actor, tx }) {
      const result = await rotation.activate(tx, actor.who)
      if (typeof result === 'string' || 'tooEarlyUntil' in result) throw faultOf(result)
      return { activated: result.activated.map(({ id, alg }) => ({ kid: id, alg })) }
    },
  }
}

function fileView({ kid, alg }: JWK, at: number, all: readonly JWK[]) {
  const signs = all.findIndex((other) => other.alg === alg) === at
  return {
    ...{ kid: String(kid), alg: String(alg), state: signs ? ('current' as const) : ('previous' as const) },
    ...{ source: 'file' as const, created_at: null, activated_at: null, retired_at: null, published_until: null },
  }
}

function faultOf(why: NotRotated): AdminFault {
  if (why === 'from_file') {
    return new AdminFault('conflict', 'The signing keys come from SIGNING_KEYS_FILE: they are exchanged by changing that file.')
  }
  if (why === 'under_way') {
    return new AdminFault('conflict', 'New keys are published already, and sign once the applications have seen them.')
  }
  if (why === 'clock_differs') {
    return new AdminFault('conflict', 'The clock of this instance differs too much from that of the database: mend it first.')
  }
  if (why === 'none_waits') return new AdminFault('conflict', 'No new key is published: rotate first.')
  const when = why.tooEarlyUntil.toISOString()
  return new AdminFault('conflict', `Caches may hold the published keys without the new ones until ${when}: activate them then.`)
}
