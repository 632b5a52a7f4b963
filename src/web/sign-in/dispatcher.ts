import { createHash } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import { type Clock, maskAddress, Refusal } from '../../base/index.ts'
import { messageView } from '../../delivery/index.ts'
import { isOnFile } from '../../factors/index.ts'
import { type Flow, nextStep, type Step, typedChallenge } from '../../signin/index.ts'
import type { Channel, MessageView } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import type { ConsentSteps } from './consent.ts'
import { countDown } from './count-down.ts'
import type { PasskeyScreens } from './passkeys.ts'
import type { RescueWait } from './rescue-wait.ts'
import { heard } from './said.ts'
import type { SecondFactorScreens } from './second-factor.ts'
import { maskedTyped } from './steps.ts'
import type { OpenVisit, Visits } from './visit.ts'
import type { Work } from './work.ts'

export interface DispatcherDeps {
  visits: Visits
  flow: Flow
  consent: Pick<ConsentSteps, 'show'>
  rescueWait: Pick<RescueWait, 'show'>
  work: Pick<Work, 'show'>
  secondFactorScreens: Pick<SecondFactorScreens, 'show' | 'showStepUp'>
  /** Null where there are none. */
  passkeyScreens: Pick<PasskeyScreens, 'form'> | null
  /** Whether text messages can be sent. */
  texts: boolean
  cookies: Cookies
  clock: Clock
  triesMax: number
  signupOpen: boolean
}

type WaitStep = Extract<Step, { screen: 'wait' }>

/** `GET /sign-in/:uid`: draws the screen that the stored state asks for. It changes nothing. */
export function createDispatcher(deps: DispatcherDeps) {
  const { visits, flow, cookies, clock } = deps

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
    ctx.body = { version: step.screen === 'wait' && visit.interaction ? waitProps(step).version : step.screen }
  }

  async function draw(ctx: Context, visit: OpenVisit, step: Step): Promise<void> {
    const restart = visits.form(visit, 'restart')
    switch (step.screen) {
      case 'identify':
        if (await saysToWait(ctx, visit)) return
        // A living session goes on from what it proves.
        return (await deps.secondFactorScreens.showStepUp(ctx, visit)) ? undefined : identify(ctx, visit)
      case 'choose-factor':
      case 'factor-code':
      case 'passkey':
      case 'enrol':
      case 'keep-codes':
        return deps.secondFactorScreens.show(ctx, visit, step)
      case 'gone-on':
        return visits.show(ctx, visit, 'gone-on', { goOn: visits.form(visit, 'continue') })
      case 'proof-of-work':
        return deps.work.show(ctx, visit, step.challenge)
      case 'last-digits':
        return visits.show(ctx, visit, 'last-digits', {
          form: visits.form(visit, 'digits'),
          error: heard(cookies, ctx, visit.uid, ['digits_invalid', 'texts_closed'])?.said ?? null,
          back: visits.form(visit, 'email'),
        })
      case 'second': {
        const said = heard(cookies, ctx, visit.uid, ['address_invalid'])
        const masked = maskAddress(step.proven.target)
        const shown = { masked, value: said?.typed ?? '', error: said?.said ?? null, restart }
        return visits.show(ctx, visit, 'second', { form: visits.form(visit, 'second'), ...shown })
      }
      case 'attempt-ended':
        return visits.show(ctx, visit, 'attempt-ended', {
          channel: channelOf(typedChallenge(step.attempt)?.kind ?? step.challenge.kind),
          masked: maskedTyped(step.attempt),
          again: visits.form(visit, 'again'),
          restart,
        })
      case 'wait':
        return wait(ctx, visit, step)
    }
  }

  /** Of a living session that the application does not take yet; the person may want to go on as somebody else. */
  async function saysToWait(ctx: Context, visit: OpenVisit): Promise<boolean> {
    const { waits, accountId } = visit.interaction
    return waits && accountId !== null && ctx.query.another === undefined && deps.rescueWait.show(ctx, visit, accountId)
  }

  function wait(ctx: Context, visit: OpenVisit, step: WaitStep): void {
    const { attempt, challenge } = step
    const { version, code, message, resend } = waitProps(step)
    const wrong = heard(cookies, ctx, visit.uid, ['wrong']) !== null && code.form !== 'closed'
    const onFile = isOnFile(challenge)
    visits.show(ctx, visit, 'wait', {
      channel: channelOf(challenge.kind),
      masked: onFile ? null : maskAddress(challenge.target),
      after: attempt.proofs[0] ? (attempt.proofs[0].kind === 'passkey' ? 'passkey' : channelOf(attempt.proofs[0].kind)) : null,
      version,
      message,
      earlier: message?.state === 'refused' && challenge.messages > 1 && challenge.lastHandedAt !== null,
      code: wrong ? { ...code, triesLeft: deps.triesMax - challenge.tries } : code,
      answer: visits.form(visit, 'answer'),
      goodUntil: challenge.expiresAt,
      nearEnd: step.nearEnd,
      retry: flow.mayRetry(challenge) ? visits.form(visit, 'retry') : null,
      other: otherChannel(visit, step),
      digits: onFile ? visits.form(visit, 'text') : null,
      resend: { ...visits.form(visit, 'resend'), ...resend },
      restart: visits.form(visit, 'restart'),
      stateUrl: `/sign-in/${visit.uid}/state`,
      selfUrl: `/sign-in/${visit.uid}`,
    })
  }

  /** A text to the number on file in place of the email, and back. The same for everybody. */
  function otherChannel(visit: OpenVisit, { attempt, challenge }: WaitStep) {
    if (isOnFile(challenge)) return { channel: 'email' as const, form: visits.form(visit, 'email') }
    const mayText = deps.texts && visit.methods.includes('sms') && challenge.kind === 'email' && attempt.proofs.length === 0
    return mayText ? { channel: 'sms' as const, form: visits.form(visit, 'text') } : null
  }

  function identify(ctx: Context, visit: OpenVisit): void {
    const said = heard(cookies, ctx, visit.uid, ['address_invalid', 'phone_unfit', 'texts_closed', 'passkey_refused'])
    const refused = said?.said === 'passkey_refused'
    const typed = said && said.said !== 'passkey_refused' ? { ...said, said: said.said } : null
    const passkey = deps.passkeyScreens?.form(visit, 'passkey')
    visits.show(ctx, visit, 'identify', {
      form: visits.form(visit, 'identify'),
      passkey: passkey ? { ...passkey, refused } : null,
      value: typed ? typed.typed : (visit.interaction.loginHint?.slice(0, 254) ?? ''),
      texts: deps.texts && visit.methods.includes('sms'),
      numbersOnly: !visit.methods.includes('email'),
      error: typed?.said ?? null,
      signUp: deps.signupOpen ? (visit.interaction.create ? 'asked' : 'possible') : 'closed',
    })
  }

  function waitProps({ challenge, nearEnd }: WaitStep) {
    const form = flow.codeForm(challenge)
    const { left, waitSeconds } = flow.resendState(challenge)
    const newest: MessageView = challenge.newest ? messageView(challenge.newest) : { state: 'queued' }
    const shown = isOnFile(challenge) ? null : newest
    return {
      message: shown,
      code: { form },
      resend: { left, waitSeconds: countDown(waitSeconds) },
      version: versionOf([challenge.id, shown, form, left, challenge.expiresAt, nearEnd]),
    }
  }

  return { show, state }
}

function channelOf(kind: string): Channel {
  return kind === 'sms' ? 'sms' : 'email'
}

function versionOf(shown: unknown): string {
  return createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 12)
}
