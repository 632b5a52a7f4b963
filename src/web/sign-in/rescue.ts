import type { Context, Middleware } from 'koa'
import type { Account, Accounts } from '../../accounts/index.ts'
import { type Clock, maskAddress } from '../../base/index.ts'
import type { MayRescue, Rescues, RescueView } from '../../rescue/index.ts'
import { type Attempt, type Flow, isKept, nextStep, type SecondFactorFlow, type Step } from '../../signin/index.ts'
import type { RescueLine, Views } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import { spanOf } from '../span.ts'
import { heard, say } from './said.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface RescueScreenDeps {
  visits: Visits
  rescues: Rescues
  secondFactor: Pick<SecondFactorFlow, 'ways'>
  flow: Pick<Flow, 'start' | 'readIdentifier'>
  accounts: Pick<Accounts, 'find'>
  cookies: Cookies
  clock: Clock
}

/** Where somebody stands who is asked for a second proof. Nothing is begun yet with a living session. */
interface Standing {
  attempt: Attempt | null
  accountId: string
}

/** Where a second proof is asked for. */
type SecondStep = Extract<Step, { screen: 'choose-factor' | 'factor-code' | 'passkey' }>

/**
 * The screens of a rescue within a sign-in. All of it is for whoever has proven an address, or is signed in, and is about
 * that account: no form names one. Before a proof there is nothing here.
 */
export function createRescueScreens(deps: RescueScreenDeps) {
  const { visits, rescues, cookies, clock } = deps
  const home = (uid: string) => `/sign-in/${uid}`
  const page = (uid: string) => `/sign-in/${uid}/rescue`
  const help = (uid: string) => `/sign-in/${uid}/help`

  /** What stands beneath the ways to give a second proof. */
  async function line(ctx: Context, visit: OpenVisit): Promise<RescueLine | null> {
    const standing = standingOf(visit, clock.now())
    const none = { at: null, url: page(visit.uid), stop: null }
    if (heard(cookies, ctx, visit.uid, ['rescue_stopped'])) return { ...none, state: 'stopped' }
    const open = standing && (await rescues.open(standing.accountId))
    if (!open) return { ...none, state: 'start' }
    const stop = visits.form(visit, 'rescue/stop')
    const { ready, opensAt, lapsesAt } = open
    return { url: page(visit.uid), stop, ...(ready ? { state: 'ready', at: lapsesAt } : { state: 'waiting', at: opensAt }) }
  }

  /**
   * In place of a choice that the person has not taken part in: the wait is over, or what a rescue begins with was proven
   * just now. True when it was drawn.
   */
  async function showInstead(ctx: Context, visit: OpenVisit, step: SecondStep): Promise<boolean> {
    const { attempt } = step
    if (step.screen !== 'choose-factor' && isChosen(attempt, step.challenge)) return false
    const ready = await rescues.readyFor(attempt)
    if (ready) await showReady(ctx, visit, attempt, ready)
    if (ready) return true
    if (!cameForIt(visit, attempt) || (await rescues.open(attempt.accountId ?? ''))) return false
    const account = await accountOf(attempt.accountId)
    const may = account && (await rescues.may(attempt, account, visit.asker()))
    if (may?.may !== 'now') return false
    await showMay(ctx, visit, attempt, may, true)
    return true
  }

  /** Whether another proof is set up in place of a lost one. */
  const isReady = async (attempt: Attempt): Promise<boolean> => (await rescues.readyFor(attempt)) !== null

  /** The page of a rescue: what will happen, how far it is, or what it opens. It changes nothing. */
  const show: Middleware = async (ctx) => {
    const visit = await visits.loadOpen(ctx)
    const standing = standingOf(visit, clock.now())
    if (!standing) return visits.seeOther(ctx, home(visit.uid))
    const { attempt, accountId } = standing
    const open = await rescues.open(accountId)
    const account = await accountOf(accountId)
    if (!account) return visits.seeOther(ctx, home(visit.uid))
    const may =
      attempt && !isOnSession(visit, attempt) ? await rescues.may(attempt, account, visit.asker()) : provesFirst(account)
    if (!open) return showMay(ctx, visit, attempt, may)
    const ready = attempt && (await rescues.readyFor(attempt))
    if (ready) return showReady(ctx, visit, attempt, ready)
    return showStarted(ctx, visit, open, may.may === 'prove')
  }

  async function showMay(
    ctx: Context,
    visit: OpenVisit,
    attempt: Attempt | null,
    may: MayRescue,
    instead = false,
  ): Promise<void> {
    if (may.may === 'never') return visits.seeOther(ctx, help(visit.uid))
    const ways = attempt ? await deps.secondFactor.ways(attempt, visit.asker()) : []
    const left = ways.find(({ kind }) => kind === 'recovery')?.left ?? 0
    const { wait, knownWait, window } = rescues.spans
    const step = { now: 'rescue/begin', prove: 'rescue/prove', address: null, again: null, locked: null }[may.may]
    visits.show(ctx, visit, 'rescue', {
      state: may.may,
      wait: may.may === 'now' ? spanOf(may.delaySeconds) : null,
      knownWait: may.may === 'now' && may.delaySeconds === wait && knownWait < wait ? spanOf(knownWait) : null,
      window: spanOf(window),
      channel: may.may === 'prove' ? may.channel : 'email',
      masked: may.may === 'prove' ? may.masked : '',
      until: may.may === 'locked' ? may.until : null,
      codes: left > 0 && !instead ? { left, form: visits.form(visit, 'way') } : null,
      form: step === null ? null : visits.form(visit, step),
      ways: instead ? { methods: ways, form: visits.form(visit, 'way') } : null,
      backUrl: home(visit.uid),
      helpUrl: help(visit.uid),
    })
  }

  async function showReady(ctx: Context, visit: OpenVisit, attempt: Attempt, { lapsesAt }: RescueView): Promise<void> {
    const methods = attempt.asks === 'second' ? await deps.secondFactor.ways(attempt, visit.asker()) : []
    visits.show(ctx, visit, 'rescue-ready', {
      until: lapsesAt,
      now: clock.now(),
      form: visits.form(visit, 'rescue/set-up'),
      stop: visits.form(visit, 'rescue/stop'),
      ways: methods.length > 0 ? { methods, form: visits.form(visit, 'way') } : null,
    })
  }

  function showStarted(ctx: Context, visit: OpenVisit, open: RescueView, proves: boolean): void {
    const { startedBy, startedAt, opensAt, lapsesAt, ready } = open
    const next: Views['rescue-started']['next'] = !ready ? 'wait' : proves ? 'prove' : 'sign_in'
    visits.show(ctx, visit, 'rescue-started', {
      ...{ startedBy, startedAt, opensAt, lapsesAt, next, now: clock.now() },
      prove: next === 'prove' ? visits.form(visit, 'rescue/prove') : null,
      stop: visits.form(visit, 'rescue/stop'),
      backUrl: home(visit.uid),
    })
  }

  /** Sends a code to the address that is still to be proven. */
  const prove = posted(async (visit, { attempt, accountId }, ctx) => {
    if (attempt && !isOnSession(visit, attempt)) await rescues.proveOther(attempt, visit.asker())
    else await beginAnew(visit, accountId)
    visits.seeOther(ctx, home(visit.uid))
  })

  const begin = posted(async (visit, { attempt }, ctx) => {
    if (attempt) await rescues.begin(attempt, visit.asker())
    visits.seeOther(ctx, page(visit.uid))
  })

  const stop = posted(async (visit, { accountId }, ctx) => {
    const where = { ...visit.asker().who, clientId: visit.interaction.clientId }
    if (await rescues.cancel({ accountId }, 'person', where)) say(cookies, ctx, visit.uid, 'rescue_stopped')
    visits.seeOther(ctx, home(visit.uid))
  })

  /** The wait is over: another proof is set up, by the pages that are there for it. */
  const setUp = posted(async (visit, { attempt }, ctx) => {
    if (attempt) await rescues.takeUp(attempt)
    visits.seeOther(ctx, home(visit.uid))
  })

  function posted(work: (visit: OpenVisit, standing: Standing, ctx: Context) => Promise<void>): Middleware {
    return async (ctx) => {
      const visit = await visits.loadPosted(ctx, 'login')
      const standing = standingOf(visit, clock.now())
      return standing ? work(visit, standing, ctx) : visits.seeOther(ctx, home(visit.uid))
    }
  }

  /** What a living session has proven is too old to begin a rescue with: its person proves their own address once more. */
  async function beginAnew({ uid, interaction, requirement, asker }: OpenVisit, accountId: string): Promise<void> {
    const account = await accountOf(accountId)
    const offer = deps.flow.readIdentifier(account?.email ?? account?.phone ?? '', [], ['email', 'sms'])
    if (offer === null || offer === 'unfit') return
    await deps.flow.start({ interactionUid: uid, clientId: interaction.clientId }, offer, requirement, asker())
  }

  function provesFirst({ email, phone }: Account): MayRescue {
    const address = email ?? phone
    if (!rescues.on || !address) return { may: 'never' }
    return { may: 'prove', channel: email ? 'email' : 'sms', masked: maskAddress(address) }
  }

  const accountOf = async (id: string | null) => (id ? deps.accounts.find(id) : null)

  return { line, showInstead, isReady, show, prove, begin, stop, setUp }
}

/** Null where nothing was proven that is certain, or no second proof is asked for. */
function standingOf({ interaction, attempts }: OpenVisit, now: Date): Standing | null {
  const step = nextStep(attempts[0] ?? null, now)
  if (interaction.kind !== 'login') return null
  if (step.screen === 'identify') return interaction.stepUp && { attempt: null, accountId: interaction.stepUp.accountId }
  if (!('attempt' in step) || step.screen === 'gone-on' || step.screen === 'attempt-ended') return null
  const { attempt } = step
  const asked = attempt.asks === 'second' || attempt.asks === 'enrol'
  const certain = attempt.proofs.some(({ doubtful }) => !doubtful)
  return asked && certain && attempt.accountId ? { attempt, accountId: attempt.accountId } : null
}

/** The person asked for this way themselves, and has proven nothing since. */
function isChosen({ proofs }: Attempt, { chosenAt, firstSentAt }: Attempt['challenges'][number]): boolean {
  const last = proofs.at(-1)
  return chosenAt > firstSentAt && (!last || chosenAt > new Date(last.at))
}

/** Messages whose codes were typed in this attempt. */
function provenHere({ challenges, proofs }: Attempt) {
  return challenges.filter((one) => !isKept(one) && one.state === 'used' && proofs.some(({ kind }) => kind === one.kind))
}

/** Nothing was proven but what the living session brought. */
function isOnSession({ interaction }: OpenVisit, attempt: Attempt): boolean {
  return interaction.stepUp !== null && provenHere(attempt).length === 0
}

// Where a factor is asked for, a message is sent to whoever is signed in, or a second one to anybody, for nothing else. One
// after a proof in doubt is for what that one lacks.
function cameForIt({ interaction }: OpenVisit, attempt: Attempt): boolean {
  const doubted = attempt.proofs.filter(({ doubtful }) => doubtful).length
  return provenHere(attempt).length - doubted > (interaction.stepUp ? 0 : 1)
}

export type RescueScreens = ReturnType<typeof createRescueScreens>
