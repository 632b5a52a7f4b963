import type { Keys } from '../../keys/index.ts'
import type { Handlers } from '../operation.ts'
import type { keyOperations } from '../specs/audit.ts'

/** The signing keys, as everybody may see them. */
export function createKeyHandlers(deps: { keys: Pick<Keys, 'list'> }): Handlers<typeof keyOperations> {
  return {
    async 'keys.list'() {
      const keys = await deps.keys.list()
      return {
        items: keys.map(({ id, alg, state, createdAt, activatedAt }) => ({
          kid: id,
          alg,
          state,
          created_at: createdAt.toISOString(),
          activated_at: activatedAt?.toISOString() ?? null,
        })),
      }
    },
  }
}
