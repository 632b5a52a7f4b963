import type { Middleware } from 'koa'
import { PATHS } from '../paths.ts'
import { may } from '../visit.ts'
import { momentOf } from './called.ts'
import type { ConsoleScreenDeps } from './deps.ts'

type Question = 'rotate' | 'activate' | 'leaked'

/** Where the questions about the keys stand. */
export const KEY_PATHS: Readonly<Record<Question, string>> = {
  rotate: `${PATHS.keys}/rotate`,
  activate: `${PATHS.keys}/activate`,
  leaked: `${PATHS.keys}/leaked`,
}

/** The signing keys and their exchange; none shows its private part. */
export function createKeyScreens({ visits, shell, admin, clock }: ConsoleScreenDeps) {
  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { items, rotation } = await admin.perform('keys.list', visit.actor, {})
    const ours = rotation.source === 'service' && may(visit, 'keys.rotate')
    const activateFrom = momentOf(rotation.activate_from)
    const publishedAt = momentOf(rotation.published_at)
    visits.show(ctx, visit, 'console-keys', {
      shell: shell.of(ctx, visit, 'keys'),
      keys: items.map(({ kid, alg, state, created_at, activated_at, published_until }) => ({
        ...{ kid, alg, state },
        createdAt: momentOf(created_at),
        activatedAt: momentOf(activated_at),
        publishedUntil: momentOf(published_until),
      })),
      source: rotation.source,
      everyDays: rotation.every_seconds === null ? null : Math.round(rotation.every_seconds / 86_400),
      waits: publishedAt && {
        publishedAt,
        activateBy: momentOf(rotation.activate_by),
        seen: rotation.seen_count,
        active: rotation.seen_count + rotation.waiting_count,
        waiting: rotation.waiting.map(({ client_id, client_name, last_fetch_at }) => ({
          name: client_name ?? client_id,
          fetchedAt: momentOf(last_fetch_at),
        })),
      },
      rotateUrl: ours && !publishedAt ? KEY_PATHS.rotate : null,
      activateUrl: ours && activateFrom && activateFrom <= clock.now() ? KEY_PATHS.activate : null,
      leakedUrl: ours ? KEY_PATHS.leaked : null,
    })
  }

  const ask =
    (question: Question): Middleware =>
    async (ctx) => {
      const visit = await visits.load(ctx)
      visits.show(ctx, visit, 'console-keys-confirm', {
        shell: shell.of(ctx, visit, 'keys'),
        question,
        form: visits.form(visit, KEY_PATHS[question]),
        backUrl: PATHS.keys,
      })
    }

  const rotate =
    (question: 'rotate' | 'leaked'): Middleware =>
    async (ctx) => {
      const visit = await visits.load(ctx)
      await admin.perform('keys.rotate', visit.actor, { compromised: question === 'leaked' })
      shell.done(ctx, PATHS.keys, `keys.said.${question}`)
    }

  const activate: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    await admin.perform('keys.activate', visit.actor, {})
    shell.done(ctx, PATHS.keys, 'keys.said.activate')
  }

  return { list, ask, rotate, activate }
}
