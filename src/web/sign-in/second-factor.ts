import type { Context, Middleware } from 'koa'
import { Refusal } from '../../base/index.ts'
import {
  type Attempt,
  type Devices,
  enrollable,
  isDoubtful,
  nextStep,
  type SecondFactorFlow,
  type SecondMethod,
  type Step,
} from '../../signin/index.ts'
import type { Views } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import { field } from '../request.ts'
import type { GoOn } from './go-on.ts'
import { nothingBeside } from './help.ts'
import { mayRemember } from './may-remember.ts'
import type { PasskeyScreens } from './passkeys.ts'
import type { RescueScreens } from './rescue.ts'
import { heard, say } from './said.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface SecondFactorDeps {
  visits: Visits
  goOn: GoOn
  secondFactor: SecondFactorFlow
  devices: Pick<Devices, 'days'>
  rescue: Pick<RescueScreens, 'line' | 'isReady' | 'showInstead'>
  /** Null where there are none. */
  passkeyScreens: Pick<PasskeyScreens, 'form' | 'show'> | null
  cookies: Cookies
  clock: { now(): Date }
  triesMax: number
  /** Who the codes are for, as an authenticator app shows it. */
  issuerHost: string
}

type FactorStep = Extract<Step, { screen: 'choose-factor' | 'factor-code' | 'passkey' | 'enrol' | 'keep-codes' }>

/** A living session has begun nothing yet on the first of them. */
const MAY_GO_WITHOUT: readonly Step['screen'][] = ['identify', 'choose-factor', 'factor-code', 'passkey', 'wait']

const METHODS: readonly SecondMethod[] = ['passkey', 'totp', 'recovery', 'email', 'sms']

/** The screens and forms of a second factor: choose, answer, set one up, keep the recovery codes. */
export function createSecondFactorScreens(deps: SecondFactorDeps) {
  const { visits, secondFactor, cookies, goOn } = deps
  const home = (uid: string) => `/sign-in/${uid}`

  async function show(ctx: Context, visit: OpenVisit, step: FactorStep): Promise<void> {
    const asked = step.screen === 'choose-factor' || step.screen === 'factor-code' || step.screen === 'passkey'
    if (asked && (await deps.rescue.showInstead(ctx, visit, step))) return
    if (step.screen === 'passkey' && deps.passkeyScreens) return deps.passkeyScreens.show(ctx, visit, step)
    // Where there are no passkeys any more, whoever chose one chooses again.
    if (step.screen === 'choose-factor' || step.screen === 'passkey') return showChoice(ctx, visit, step.attempt)
    if (step.screen === 'factor-code') return showCode(ctx, visit, step)
    if (step.screen === 'enrol') return showEnrolment(ctx, visit, step.attempt)
    return visits.show(ctx, visit, 'recovery-codes', {
      codes: secondFactor.codesToKeep(step.attempt),
      form: visits.form(visit, 'keep-codes'),
    })
  }

  async function showChoice(ctx: Context, visit: OpenVisit, attempt: Attempt): Promise<void> {
    const methods = await secondFactor.ways(attempt, visit.asker())
    const last = attempt.proofs.at(-1)?.kind
    const first = last === 'email' || last === 'sms' || last === 'passkey' ? last : null
    const inDoubt = isDoubtful(attempt.proofs)
    if (inDoubt && methods.length === 0) return visits.show(ctx, visit, 'second-none', nothingBeside(visits, visit, attempt))
    const without = await secondFactor.mayGoWithout(attempt, visit.asker())
    await drawChoice(ctx, visit, methods, first, without, inDoubt)
  }

  /**
   * A living session that must prove more: true when its page was drawn. Nothing is begun before a way is chosen. What
   * cannot be had ends the interaction.
   */
  async function showStepUp(ctx: Context, visit: OpenVisit): Promise<boolean> {
    const { stepUp } = visit.interaction
    if (!stepUp) return false
    const methods = await secondFactor.waysOf(stepUp, visit.requirement, visit.asker())
    if (methods.length === 0) return false
    await drawChoice(ctx, visit, methods, null, await secondFactor.mayGoWithoutFrom(stepUp, visit.requirement, visit.asker()))
    return true
  }

  async function drawChoice(
    ctx: Context,
    visit: OpenVisit,
    methods: Views['second-factor']['methods'],
    first: Views['second-factor']['first'],
    mayGoWithout: boolean,
    inDoubt = false,
  ): Promise<void> {
    const restart = visits.form(visit, 'restart')
    const without = mayGoWithout ? visits.form(visit, 'without') : null
    visits.show(ctx, visit, 'second-factor', {
      ...{ methods, first, restart, without, form: visits.form(visit, 'way'), cancel: visits.form(visit, 'leave') },
      inDoubt,
      rescue: inDoubt ? null : await deps.rescue.line(ctx, visit),
    })
  }

  async function showCode(ctx: Context, visit: OpenVisit, step: Extract<Step, { screen: 'factor-code' }>): Promise<void> {
    const { attempt, challenge } = step
    const methods = await secondFactor.ways(attempt, visit.asker())
    const mine = methods.find(({ kind }) => kind === challenge.kind)
    const wrong = heard(cookies, ctx, visit.uid, ['wrong']) !== null
    visits.show(ctx, visit, 'factor-code', {
      kind: challenge.kind === 'recovery' ? 'recovery' : 'totp',
      label: mine?.detail ?? null,
      form: visits.form(visit, 'factor'),
      ...(wrong && { triesLeft: deps.triesMax - challenge.tries }),
      closed: secondFactor.isClosed(challenge),
      other: methods.length > 1 ? visits.form(visit, 'other-way') : null,
      without: (await secondFactor.mayGoWithout(attempt, visit.asker())) ? visits.form(visit, 'without') : null,
      remember: deps.devices.days !== null && mayRemember(visit, challenge) ? { days: deps.devices.days } : null,
      restart: visits.form(visit, 'restart'),
      cancel: visits.form(visit, 'leave'),
      rescue: isDoubtful(attempt.proofs) ? null : await deps.rescue.line(ctx, visit),
    })
  }

  async function showEnrolment(ctx: Context, visit: OpenVisit, attempt: Attempt): Promise<void> {
    const setUp = await secondFactor.enrolment(attempt, deps.issuerHost)
    const restart = visits.form(visit, 'restart')
    if (!setUp) {
      const wanted = visit.requirement.secondFactor === 'required' ? 'policy' : 'acr'
      const why = (await deps.rescue.isReady(attempt)) ? 'rescue' : wanted
      const methods = enrollable(attempt.requirement)
      return visits.show(ctx, visit, 'enrol', {
        why,
        apps: methods.includes('totp'),
        passkey: methods.includes('passkey') ? (deps.passkeyScreens?.form(visit, 'passkey-new') ?? null) : null,
        refused: heard(cookies, ctx, visit.uid, ['passkey_refused']) !== null,
        form: visits.form(visit, 'enrol'),
        restart,
        cancel: visits.form(visit, 'leave'),
      })
    }
    const wrong = heard(cookies, ctx, visit.uid, ['code_wrong'])
    visits.show(ctx, visit, 'totp-enrol', {
      qr: setUp.qr,
      key: setUp.key,
      name: wrong?.typed ?? '',
      error: wrong ? 'code_wrong' : null,
      form: visits.form(visit, 'enrol-code'),
      back: restart,
    })
  }

  const way: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const method = METHODS.find((known) => known === field(ctx, 'way'))
    if (!method) throw new Refusal('bad_request')
    const from = fromOf(visit, nextStep(visit.attempts[0] ?? null, deps.clock.now()))
    if (from) await secondFactor.choose(from, method, visit.asker())
    visits.seeOther(ctx, home(visit.uid))
  }

  const otherWay: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
    const chosen = step.screen === 'factor-code' || step.screen === 'passkey' || step.screen === 'wait'
    if (chosen) await secondFactor.putOff(step.attempt)
    visits.seeOther(ctx, home(visit.uid))
  }

  /** The application merely wishes for more than the person can prove now. */
  const without: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
    const from = MAY_GO_WITHOUT.includes(step.screen) ? fromOf(visit, step) : null
    if (!from) return visits.seeOther(ctx, home(visit.uid))
    return goOn(ctx, visit, await secondFactor.goWithout(from, visit.asker()))
  }

  /** What a way is taken in: the attempt, or a living session that nothing was begun with yet. */
  function fromOf(visit: OpenVisit, step: Step) {
    const { stepUp, clientId } = visit.interaction
    if (step.screen === 'identify' && stepUp) {
      return { session: stepUp, purpose: { interactionUid: visit.uid, clientId }, requirement: visit.requirement }
    }
    return 'attempt' in step ? { attempt: step.attempt } : null
  }

  const answer: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
    if (step.screen !== 'factor-code') return visits.seeOther(ctx, home(visit.uid))
    const remember = field(ctx, 'remember') !== '' && mayRemember(visit, step.challenge)
    const outcome = await secondFactor.answer(step.attempt, step.challenge, field(ctx, 'code'), remember, visit.asker())
    if (outcome.outcome === 'wrong' || outcome.outcome === 'unreadable') say(cookies, ctx, visit.uid, 'wrong')
    return goOn(ctx, visit, outcome)
  }

  const enrol: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
    if (step.screen === 'enrol') await secondFactor.beginEnrolment(step.attempt)
    visits.seeOther(ctx, home(visit.uid))
  }

  const enrolCode: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
    if (step.screen !== 'enrol') return visits.seeOther(ctx, home(visit.uid))
    const name = field(ctx, 'name')
    const outcome = await secondFactor.confirmEnrolment(step.attempt, field(ctx, 'code'), name, visit.asker())
    if (outcome.outcome === 'unreadable') say(cookies, ctx, visit.uid, 'code_wrong', name)
    return goOn(ctx, visit, outcome)
  }

  const keepCodes: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
    if (step.screen !== 'keep-codes') return visits.seeOther(ctx, home(visit.uid))
    return goOn(ctx, visit, await secondFactor.codesKept(step.attempt, visit.asker()))
  }

  return { show, showStepUp, way, otherWay, without, answer, enrol, enrolCode, keepCodes }
}

export type SecondFactorScreens = ReturnType<typeof createSecondFactorScreens>
