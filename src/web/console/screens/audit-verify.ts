import type { Middleware } from 'koa'
import type { OutputOf } from '../../../admin/index.ts'
import { addSeconds } from '../../../base/index.ts'
import { PATHS, queryOf, withQuery } from '../paths.ts'
import { entryPath } from './audit-rows.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { createWords } from './words.ts'

/** So long one page checks; then it says how far it came, and the next one goes on. */
const SECONDS_MAX = 5

/** Checks the chain of the audit log, stretch by stretch. */
export function createVerifyScreens({ visits, shell, admin, text, clock }: ConsoleScreenDeps) {
  const verify: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const words = createWords(text, visit.locale)
    const until = addSeconds(clock.now(), SECONDS_MAX)
    let reached: OutputOf<'audit.verify'> | null = null
    let cursor: string | null = queryOf(ctx, 'cursor') || null
    do {
      reached = await admin.perform('audit.verify', visit.actor, cursor === null ? {} : { cursor })
      cursor = reached.broken ? null : reached.next
    } while (cursor !== null && clock.now() < until)

    const { checked, rows, broken, head } = reached
    const { waiting } = await admin.perform('audit.chain', visit.actor, {})
    visits.show(ctx, visit, 'console-audit-verify', {
      shell: shell.of(ctx, visit, 'audit'),
      checked: words.number(checked),
      rows: words.number(rows),
      waiting,
      share: rows === 0 ? 100 : Math.floor((checked / rows) * 100),
      broken: broken && {
        id: broken.entry_id,
        place: words.number(broken.place),
        words: words.say(`audit.kind.${broken.kind}`),
        url: broken.entry_id && entryPath(broken.entry_id),
      },
      head,
      onUrl: cursor && withQuery(`${PATHS.audit}/verify`, { cursor }),
      backUrl: PATHS.audit,
    })
  }

  return { verify }
}
