import { createHash } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import { type Clock, Refusal } from '../../base/index.ts'
import type { Delivery } from '../../delivery/index.ts'
import type { Challenge } from '../../factors/index.ts'
import { type Attempt, type Flow, nextStep, type Step } from '../../signin/index.ts'
import type { MessageView } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import type { ConsentSteps } from './consent.ts'
import { INVALID, maskedTarget, WRONG } from './steps.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface DispatcherDeps {
  visits: Visits
  flow: Flow
  delivery: Pick<Delivery, 'newestState'>
  consent: Pick<ConsentSteps, 'show'>
  cookies: Cookies
  clock: Clock
  triesMax: number
  signupOpen: boolean
}

const WAITS = [0, 15, 30, 45, 60] as const

/** `GET /sign-in/:uid`: draws the screen that the stored state asks for. It changes nothing. */
export function createDispatcher(deps: DispatcherDeps) {
  const { visits, flow, clock } = deps

  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const [attempt] = visit.attempts
    if (!visit.sameBrowser) throw new Refusal('sign_in_not_open')
    if (!visit.interaction) {
      // Another tab of this browser has gone on to the application.
      if (attempt?.state === 'proven') return visits.show(ctx, visit, 'gone-on', { goOn: null })
      throw new Refusal('sign_in_not_open')
    }
    if (visit.interaction.kind === 'consent') return deps.consent.show(ctx, visit as OpenVisit)
    return draw(ctx, visit as OpenVisit, nextStep(attempt ?? null, clock.now()))
  }

  /** What the waiting page's script asks for: has anything that is drawn changed? */
  const state: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    if (!visit.sameBrowser) throw new Refusal('sign_in_not_open')
    const step = nextStep(visit.attempts[0] ?? null, clock.now())
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { version: step.screen === 'wait' && visit.interaction ? (await waitProps(step)).version : step.screen }
  }

  async function draw(ctx: Context, visit: OpenVisit, step: Step): Promise<void> {
    if (step.screen === 'identify') return identify(ctx, visit)
    if (step.screen === 'gone-on') return visits.show(ctx, visit, 'gone-on', { goOn: visits.form(visit, 'continue') })
    const masked = maskedTarget(step.challenge)
    const restart = visits.form(visit, 'restart')
    if (step.screen === 'attempt-ended') {
      return visits.show(ctx, visit, 'attempt-ended', { masked, again: visits.form(visit, 'again'), restart })
    }
    const { version, code, message, resend } = await waitProps(step)
    const wrong = deps.cookies.takeFlash(ctx, visit.uid) === WRONG && code.form !== 'closed'
    return visits.show(ctx, visit, 'wait', {
      masked,
      version,
      message,
      code: wrong ? { ...code, triesLeft: deps.triesMax - step.challenge.tries } : code,
      answer: visits.form(visit, 'answer'),
      goodUntil: step.challenge.expiresAt,
      nearEnd: step.nearEnd,
      resend: { ...visits.form(visit, 'resend'), ...resend },
      restart,
      stateUrl: `/sign-in/${visit.uid}/state`,
      selfUrl: `/sign-in/${visit.uid}`,
    })
  }

  function identify(ctx: Context, visit: OpenVisit): void {
    const said = deps.cookies.takeFlash(ctx, visit.uid)
    const invalid = said?.startsWith(INVALID) ? Buffer.from(said.slice(INVALID.length), 'base64url').toString('utf8') : null
    visits.show(ctx, visit, 'identify', {
      form: visits.form(visit, 'identify'),
      value: invalid ?? visit.interaction.loginHint?.slice(0, 254) ?? '',
      error: invalid === null ? null : 'address_invalid',
      signUp: deps.signupOpen ? (visit.interaction.create ? 'asked' : 'possible') : 'closed',
    })
  }

  async function waitProps(step: { attempt: Attempt; challenge: Challenge; nearEnd: boolean }) {
    const { challenge } = step
    const [message, form] = await Promise.all([deps.delivery.newestState(challenge.id), flow.codeForm(challenge)])
    const { left, waitSeconds } = flow.resendState(challenge)
    const shown: MessageView = message ?? { state: 'queued' }
    return {
      message: shown,
      code: { form },
      // Rounded up to what the style sheet can count down.
      resend: { left, waitSeconds: WAITS.find((seconds) => seconds >= waitSeconds) ?? 60 },
      version: versionOf([shown, form, left, challenge.expiresAt, step.nearEnd]),
    }
  }

  return { show, state }
}

function versionOf(shown: unknown): string {
  return createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 12)
}
