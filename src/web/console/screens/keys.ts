import type { Middleware } from 'koa'
import { momentOf } from './called.ts'
import type { ConsoleScreenDeps } from './deps.ts'

/** The signing keys; none shows its private part. */
export function createKeyScreens({ visits, shell, admin }: ConsoleScreenDeps) {
  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { items } = await admin.perform('keys.list', visit.actor, {})
    visits.show(ctx, visit, 'console-keys', {
      shell: shell.of(ctx, visit, 'keys'),
      keys: items.map(({ kid, alg, state, created_at, activated_at }) => ({
        kid,
        alg,
        state,
        createdAt: new Date(created_at),
        activatedAt: momentOf(activated_at),
      })),
    })
  }

  return { list }
}
