import type { Middleware } from 'koa'
import type { AccountVisit } from '../visit.ts'
import { activityLines } from './activity-lines.ts'
import { newAddressPath, PATHS, type ScreenDeps } from './deps.ts'
import { addressRows, adviceOf, codesLeftOf, factorRows, mayAdd, passkeyRows } from './rows.ts'
import type { Shell } from './shell.ts'

const LINES_ON_OVERVIEW = 5
const LINES_ON_PAGE = 20

/** What is so: the overview, the ways to sign in, and what happened. Nothing changes here. */
export function createOverviewScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell, kept, clock } = deps

  /** Addresses, factors and codes, read together. */
  async function waysIn(visit: AccountVisit) {
    const { accountId } = visit.actor
    const [addresses, own] = await Promise.all([selfservice.addressesOf(accountId), kept.ofAccount(accountId)])
    const now = clock.now()
    const rows = addressRows(addresses, now, (path) => visits.form(visit, path))
    return {
      addresses,
      own,
      now,
      shown: { addresses: rows, factors: factorRows(own), codesLeft: codesLeftOf(own, visit.session) },
    }
  }

  const overview: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const [{ addresses, own, now, shown }, activity] = await Promise.all([waysIn(visit), linesOf(visit, null, LINES_ON_OVERVIEW)])
    visits.show(ctx, visit, 'account-overview', {
      shell: shell.of(ctx, visit, 'overview').shell,
      ...{ ...shown, factors: [...passkeyRows(own), ...shown.factors] },
      activity: activity.entries,
      advice: adviceOf(addresses, shown.codesLeft, now),
      urls: { methods: PATHS.methods, add: newAddressPath('email'), activity: PATHS.activity, codes: PATHS.newCodes },
    })
  }

  const methods: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { addresses, own, shown } = await waysIn(visit)
    const passkeys = passkeyRows(own)
    const always = alwaysOf(visit)
    visits.show(ctx, visit, 'account-methods', {
      shell: shell.of(ctx, visit, 'methods').shell,
      ...{ ...shown, passkeys, always },
      urls: {
        addEmail: mayAdd(addresses, 'email', deps.texts) ? newAddressPath('email') : null,
        addPhone: mayAdd(addresses, 'phone', deps.texts) ? newAddressPath('phone') : null,
        addPasskey: deps.passkeysOn ? PATHS.newPasskey : null,
        always: passkeys.length === 0 || always === 'role' ? null : always === 'on' ? PATHS.noLonger : PATHS.always,
        addFactor: shown.factors.length < kept.authenticatorsMax ? PATHS.newAuthenticator : null,
        newCodes: shown.codesLeft !== null ? PATHS.newCodes : null,
      },
    })
  }

  // Of somebody who administers it is not theirs to change.
  function alwaysOf({ account, session }: AccountVisit): 'on' | 'off' | 'role' {
    if (session.role !== null) return 'role'
    return account.demandsSecond ? 'on' : 'off'
  }

  const activity: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { before } = ctx.query
    const { entries, older } = await linesOf(visit, typeof before === 'string' ? before : null, LINES_ON_PAGE)
    const olderUrl = older && `${PATHS.activity}?before=${encodeURIComponent(older)}`
    visits.show(ctx, visit, 'account-activity', { shell: shell.of(ctx, visit, 'activity').shell, entries, olderUrl })
  }

  async function linesOf({ actor, locale }: AccountVisit, before: string | null, limit: number) {
    const { entries, older } = await deps.trail.activityOf(actor.accountId, before, limit)
    return { entries: await activityLines(entries, deps, locale), older }
  }

  return { overview, methods, activity }
}
