import type { Context, Middleware } from 'koa'
import { type Clock, Refusal } from '../../base/index.ts'
import {
  type Devices,
  type FactorOutcome,
  nextStep,
  type Passkeys,
  type SecondFactorFlow,
  type Step,
} from '../../signin/index.ts'
import type { PasskeyFormView } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import { field } from '../request.ts'
import type { GoOn } from './go-on.ts'
import { mayRemember } from './may-remember.ts'
import type { RescueScreens } from './rescue.ts'
import { heard, say } from './said.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface PasskeyDeps {
  visits: Visits
  passkeys: Passkeys
  secondFactor: Pick<SecondFactorFlow, 'ways' | 'mayGoWithout'>
  goOn: GoOn
  devices: Pick<Devices, 'days'>
  rescue: Pick<RescueScreens, 'line'>
  cookies: Cookies
  clock: Clock
}

/**
 * Passkeys in a sign-in. Each has two paths: what the page's script asks for (JSON), and a form for what the browser
 * answered, which ends in a redirect like every other: the script routes nothing.
 */
export function createPasskeyScreens(deps: PasskeyDeps) {
  const { visits, passkeys, cookies, goOn } = deps
  const home = (uid: string) => `/sign-in/${uid}`
  const stepOf = ({ attempts }: OpenVisit) => nextStep(attempts[0] ?? null, deps.clock.now())
  const purposeOf = ({ uid, interaction }: OpenVisit) => ({ interactionUid: uid, clientId: interaction.clientId })

  const signInOptions = optionsOf((visit) => passkeys.signInOptions(purposeOf(visit), visit.asker()))

  const secondOptions = optionsOf(async (visit) => {
    const step = stepOf(visit)
    return step.screen === 'passkey' ? passkeys.secondOptions(step.attempt) : null
  })

  const newOptions = optionsOf(async ({ attempts: [attempt] }) => (attempt ? passkeys.setUpOptions(attempt) : null))

  function optionsOf(ask: (visit: OpenVisit) => Promise<object | null>): Middleware {
    return async (ctx) => {
      const visit = await visits.loadPosted(ctx, 'login')
      const options = await ask(visit)
      // The screen that asks is not the one that is next any more.
      if (!options) throw new Refusal('bad_request')
      ctx.set('Cache-Control', 'no-store')
      ctx.body = options
    }
  }

  /** The first proof, by whoever it turns out to be. */
  const signIn: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const response = field(ctx, 'response')
    const outcome = await passkeys.answerSignIn(purposeOf(visit), visit.requirement, response, visit.asker())
    if (isRefused(outcome)) say(cookies, ctx, visit.uid, 'passkey_refused')
    return goOn(ctx, visit, outcome)
  }

  const second: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = stepOf(visit)
    if (step.screen !== 'passkey') return visits.seeOther(ctx, home(visit.uid))
    const remember = field(ctx, 'remember') !== '' && mayRemember(visit, step.challenge)
    const response = field(ctx, 'response')
    const outcome = await passkeys.answerSecond(step.attempt, step.challenge, response, remember, visit.asker())
    if (isRefused(outcome)) say(cookies, ctx, visit.uid, 'passkey_refused')
    return goOn(ctx, visit, outcome)
  }

  /** One that was just made, where a sign-in needs it or offers it. */
  const make: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const [attempt] = visit.attempts
    if (!attempt) return visits.seeOther(ctx, home(visit.uid))
    const outcome = await passkeys.confirmEnrolment(attempt, field(ctx, 'response'), visit.asker().device, visit.asker())
    if (isRefused(outcome)) say(cookies, ctx, visit.uid, 'passkey_refused')
    // After a sign-in that is over nothing of it holds anybody up.
    if (attempt.state === 'proven') return visits.seeOther(ctx, `${home(visit.uid)}/continue`)
    return goOn(ctx, visit, outcome)
  }

  /** No passkey now, or never in this browser. */
  const decline: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    cookies.setPasskey(ctx, field(ctx, 'way') === 'never' ? 'never' : 'later')
    visits.seeOther(ctx, `${home(visit.uid)}/continue`)
  }

  /** The browser said on the first page that its device could keep one. */
  function notePossible(ctx: Context): void {
    if (field(ctx, 'passkey') === 'possible' && cookies.passkey(ctx) === null) cookies.setPasskey(ctx, 'possible')
  }

  /** The offer, before the application. */
  function drawOffer(ctx: Context, visit: OpenVisit, after: 'email' | 'sms'): void {
    visits.show(ctx, visit, 'passkey-offer', {
      form: form(visit, 'passkey-new'),
      answer: visits.form(visit, 'passkey-offer'),
      after,
      refused: wasRefused(ctx, visit),
    })
  }

  /** The page that asks for a passkey as the second proof. */
  async function show(ctx: Context, visit: OpenVisit, step: Extract<Step, { screen: 'passkey' }>): Promise<void> {
    const { attempt, challenge } = step
    const ways = await deps.secondFactor.ways(attempt, visit.asker())
    const { days } = deps.devices
    visits.show(ctx, visit, 'passkey', {
      form: form(visit, 'factor-passkey'),
      label: ways.find(({ kind }) => kind === 'passkey')?.detail ?? null,
      refused: wasRefused(ctx, visit),
      other: ways.length > 1 ? visits.form(visit, 'other-way') : null,
      remember: days !== null && mayRemember(visit, challenge) ? { days } : null,
      restart: visits.form(visit, 'restart'),
      without: (await deps.secondFactor.mayGoWithout(attempt, visit.asker())) ? visits.form(visit, 'without') : null,
      cancel: visits.form(visit, 'leave'),
      rescue: await deps.rescue.line(ctx, visit),
    })
  }

  function form(visit: OpenVisit, step: 'passkey' | 'factor-passkey' | 'passkey-new'): PasskeyFormView {
    const { action, csrf } = visits.form(visit, step)
    return { action, csrf, optionsUrl: `${action}/options` }
  }

  const wasRefused = (ctx: Context, { uid }: OpenVisit) => heard(cookies, ctx, uid, ['passkey_refused']) !== null

  return {
    ...{ signInOptions, signIn, secondOptions, second, newOptions, make, decline },
    ...{ show, drawOffer, notePossible, form },
  }
}

export type PasskeyScreens = ReturnType<typeof createPasskeyScreens>

// Whatever is wrong with it, the answer is the same.
function isRefused({ outcome }: FactorOutcome): boolean {
  return outcome === 'wrong' || outcome === 'unreadable' || outcome === 'closed'
}
