import type { Context, Middleware } from 'koa'
import type { AddressView } from '../../../accounts/index.ts'
import { type Address, type AddressKind, isEmail } from '../../../base/index.ts'
import type { Asker } from '../../../signin/index.ts'
import type { AccountViews } from '../../../text/index.ts'
import { field, networkOf } from '../../request.ts'
import { countDown } from '../../sign-in/count-down.ts'
import { countriesFor } from '../../sign-in/countries.ts'
import type { AccountVisit } from '../visit.ts'
import { createAddressPurposes } from './address-purpose.ts'
import { addressPath, daysOf, newAddressPath, PATHS, type ScreenDeps } from './deps.ts'
import { may, mayAdd } from './rows.ts'
import type { Shell } from './shell.ts'

/** One more address, or one in the place of another: which one, and the code that was sent there. */
export function createNewAddressScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, addressProof, flow, shell, clock } = deps
  const purposes = createAddressPurposes(deps)

  /** What the path says is to be done, as far as it can be: an address of nobody else's. */
  async function asked(ctx: Context): Promise<Asked | null> {
    const visit = await visits.load(ctx)
    const all = await selfservice.addressesOf(visit.actor.accountId)
    const { ref } = ctx.params
    if (ref !== undefined) {
      const old = all.find((one) => one.ref === ref)
      return old && may(old, all, clock.now()).change ? { visit, all, kind: old.kind, replaces: old } : null
    }
    const kind = KINDS.find((one) => one === ctx.query.kind)
    const provesAgain = all.some((one) => one.kind === kind && one.deadSince !== null)
    return kind && (provesAgain || mayAdd(all, kind, deps.texts)) ? { visit, all, kind, replaces: null } : null
  }

  const pathOf = ({ kind, replaces }: Asked) => (replaces ? addressPath(replaces, 'change') : newAddressPath(kind))

  const which: Middleware = async (ctx) => {
    const wanted = await asked(ctx)
    if (!wanted) return visits.seeOther(ctx, PATHS.methods)
    const { visit, kind, replaces } = wanted
    const frame = shell.of(ctx, visit, 'methods', ['address_invalid', 'phone_unfit', 'texts_closed', 'own_already'])
    visits.show(ctx, visit, 'account-address-new', {
      shell: frame.shell,
      kind,
      replaces: replaces?.address ?? null,
      holdDays: daysOf(deps.holdSeconds),
      form: visits.form(visit, pathOf(wanted)),
      value: frame.typed,
      error: frame.fault,
      backUrl: PATHS.methods,
    })
  }

  const begin: Middleware = async (ctx) => {
    const wanted = await asked(ctx)
    if (!wanted) return visits.seeOther(ctx, PATHS.methods)
    const { visit, all, kind, replaces } = wanted
    const typed = field(ctx, 'address')
    const asker = askerOf(ctx, visit)
    const offer = flow.readIdentifier(typed, asker.countries)
    if (offer === null || (offer !== 'unfit' && kindOf(offer.target) !== kind))
      return shell.done(ctx, pathOf(wanted), 'address_invalid', typed)
    if (offer === 'unfit') return shell.done(ctx, pathOf(wanted), 'phone_unfit', typed)
    const own = all.find(({ address }) => address === offer.target)
    // One that messages came back from is proven again, and takes no place but its own.
    if (own && (own.deadSince === null || replaces)) return shell.done(ctx, pathOf(wanted), 'own_already', typed)
    const { id: accountId, createdAt: accountCreatedAt } = visit.account
    const person = { accountSessionId: visit.session.id, accountId, accountCreatedAt }
    const begun = await addressProof.begin(person, kind, typed, asker)
    if (begun !== 'sent') return shell.done(ctx, pathOf(wanted), FAULTS[begun], typed)
    purposes.keep(ctx, visit, { address: offer.target, replaces: replaces?.ref ?? null })
    visits.seeOther(ctx, PATHS.prove)
  }

  const prove: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const pending = await addressProof.pending(visit.session.id)
    const frame = shell.of(ctx, visit, 'methods', ['wrong', 'taken'])
    const forms = { answer: visits.form(visit, PATHS.prove), cancel: visits.form(visit, `${PATHS.prove}/cancel`) }
    if (!pending) {
      if (frame.fault !== 'taken') return visits.seeOther(ctx, PATHS.methods)
      return visits.show(ctx, visit, 'account-address-prove', { ...frame, ...forms, ...taken(visit, frame.typed) })
    }
    const { challenge } = pending
    const [form, message] = await Promise.all([addressProof.codeForm(challenge), deps.delivery.newestState(challenge.id)])
    const { left, waitSeconds } = addressProof.resendState(challenge)
    const wrong = frame.fault === 'wrong' && form !== 'closed'
    visits.show(ctx, visit, 'account-address-prove', {
      shell: frame.shell,
      ...forms,
      channel: isEmail(challenge.target) ? 'email' : 'sms',
      address: challenge.target,
      code: wrong ? { form, triesLeft: deps.triesMax - challenge.tries } : { form },
      message: message ?? { state: 'queued' },
      goodUntil: challenge.expiresAt,
      resend: { ...visits.form(visit, `${PATHS.prove}/resend`), left, waitSeconds: countDown(waitSeconds) },
      error: null,
    })
  }

  /** The address was proven, and its attempt is over; there is nothing to be typed any more. */
  function taken(
    visit: AccountVisit,
    address: string,
  ): Omit<AccountViews['account-address-prove'], 'shell' | 'answer' | 'cancel'> {
    return {
      channel: isEmail(address as Address) ? 'email' : 'sms',
      address,
      code: { form: 'closed' },
      message: null,
      goodUntil: clock.now(),
      resend: { ...visits.form(visit, `${PATHS.prove}/resend`), left: 0, waitSeconds: 0 },
      error: 'taken',
    }
  }

  const answer: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const pending = await addressProof.pending(visit.session.id)
    const purpose = pending && purposes.of(ctx, visit, pending.challenge.target)
    if (!pending || !purpose) return visits.seeOther(ctx, PATHS.methods)
    const outcome = await addressProof.answer(visit.session.id, field(ctx, 'code'), askerOf(ctx, visit))
    if (outcome.outcome === 'wrong' || outcome.outcome === 'unreadable') return shell.done(ctx, PATHS.prove, 'wrong')
    if (outcome.outcome !== 'proven' || outcome.address !== purpose.address) return visits.seeOther(ctx, PATHS.prove)
    purposes.keep(ctx, visit, null)
    const done = purpose.replaces
      ? await selfservice.changeAddress(visit.actor, purpose.replaces, purpose.address)
      : await selfservice.addAddress(visit.actor, outcome.kind, purpose.address)
    if (done === 'taken') return shell.done(ctx, PATHS.prove, 'taken', purpose.address)
    if (done === 'revived') return shell.done(ctx, PATHS.methods, 'address_revived')
    if (done === 'added') return shell.done(ctx, PATHS.methods, 'address_added')
    shell.done(ctx, PATHS.methods, done === 'changing' ? 'address_changing' : null)
  }

  const resend: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    await addressProof.resend(visit.session.id, askerOf(ctx, visit))
    visits.seeOther(ctx, PATHS.prove)
  }

  const cancel: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    await addressProof.cancel(visit.session.id)
    purposes.keep(ctx, visit, null)
    visits.seeOther(ctx, PATHS.methods)
  }

  function askerOf(ctx: Context, { actor, locale }: AccountVisit): Asker {
    const countries = countriesFor(ctx.get('accept-language'), deps)
    const cookies = { knownCookie: deps.cookies.known(ctx), deviceToken: deps.cookies.device(ctx) }
    return { ipSubject: networkOf(ctx), ...cookies, device: actor.device, locale, countries, who: actor.who }
  }

  return { which, begin, prove, answer, resend, cancel }
}

/** An address of this kind is to be added, or to take the place of `replaces`. */
interface Asked {
  visit: AccountVisit
  all: readonly AddressView[]
  kind: AddressKind
  replaces: AddressView | null
}

function kindOf(address: Address): AddressKind {
  return isEmail(address) ? 'email' : 'phone'
}

const KINDS: readonly AddressKind[] = ['email', 'phone']

const FAULTS = { invalid: 'address_invalid', unfit: 'phone_unfit', closed: 'texts_closed' } as const
