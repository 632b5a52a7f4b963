import type { Context, Middleware } from 'koa'
import type { Clock } from '../../base/index.ts'
import type { Challenge } from '../../factors/index.ts'
import type { Attempt, Flow, Prover } from '../../signin/index.ts'
import { maskedTyped } from './steps.ts'
import type { Visit, Visits } from './visit.ts'

/**
 * `GET /sign-in/:uid/link/:token`, the emailed link. It changes nothing, whoever opens it and however often.
 * In the browser that asked: one button. Anywhere else: which app, which device, when, and the code to type back;
 * that browser is not signed in and the first window does not go on by itself.
 */
export function createLinkPage(deps: { visits: Visits; flow: Flow; prover: Prover; clock: Clock }) {
  const { visits, flow, prover, clock } = deps

  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const found = prover.findByLink(visit.attempts, String(ctx.params.token))
    if (!found) return ended(ctx, visit, 'expired', null)
    const { attempt, challenge } = found
    if (challenge.state === 'used') return ended(ctx, visit, 'used', challenge.usedAt)
    if (attempt.id !== visit.attempts[0]?.id) return ended(ctx, visit, 'replaced', null)
    // Given up, with none after it.
    if (attempt.state !== 'open' || challenge.state !== 'open') return ended(ctx, visit, 'expired', null)
    if (challenge.expiresAt <= clock.now()) return ended(ctx, visit, 'expired', challenge.expiresAt)
    return visit.interaction ? sameBrowser(ctx, visit, attempt, challenge) : otherBrowser(ctx, visit, attempt, challenge)
  }

  function sameBrowser(ctx: Context, visit: Visit, attempt: Attempt, challenge: Challenge): void {
    visits.show(ctx, visit, 'link-same', {
      address: challenge.target,
      askedAt: attempt.createdAt,
      form: visits.form(visit, `link/${ctx.params.token}`),
    })
  }

  function otherBrowser(ctx: Context, visit: Visit, attempt: Attempt, challenge: Challenge): void {
    const form = flow.codeForm(challenge)
    visits.show(ctx, visit, 'link-other', {
      code: form === 'closed' ? null : { form, text: prover.codeToShow(challenge, form) },
      device: attempt.device,
      askedAt: attempt.createdAt,
      goodUntil: challenge.expiresAt,
      now: clock.now(),
    })
  }

  function ended(ctx: Context, visit: Visit, reason: 'expired' | 'used' | 'replaced', endedAt: Date | null): void {
    const [attempt] = visit.attempts
    const mayAsk = visit.interaction !== null && attempt !== undefined && reason !== 'used'
    const again = mayAsk ? { ...visits.form(visit, 'again'), masked: maskedTyped(attempt) } : null
    visits.show(ctx, visit, 'link-ended', { reason, endedAt, again }, 410)
  }

  return { show }
}
