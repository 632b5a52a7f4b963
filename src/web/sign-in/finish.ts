import type { Context } from 'koa'
import type { Accounts } from '../../accounts/index.ts'
import { type Address, type Proof, Refusal, type Transact } from '../../base/index.ts'
import type { Interactions, LoginResult, Within } from '../../oidc/index.ts'
import { type Attempt, type Flow, isKept, type KnownBrowsers, levelOf } from '../../signin/index.ts'
import type { Cookies } from '../cookies.ts'
import { provenChallenges } from './proven-challenges.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface FinishDeps {
  visits: Pick<Visits, 'seeOther'>
  interactions: Pick<Interactions, 'claim' | 'finishLogin'>
  flow: Pick<Flow, 'stands'>
  accounts: Pick<Accounts, 'find' | 'signedIn'>
  knownBrowsers: KnownBrowsers
  cookies: Pick<Cookies, 'known' | 'setKnown'>
  transact: Transact
}

/** Makes a sign-in of a proven attempt, about which nobody is to be asked any more. */
export function createFinish(deps: FinishDeps) {
  const { visits, interactions } = deps

  /** @param mayEnd the account whose session in this browser the person agreed to end */
  async function finish(ctx: Context, visit: OpenVisit, attempt: Attempt, mayEnd: string | null): Promise<void> {
    const { accountId, proofs } = attempt
    if (!accountId) throw new Error('a proven attempt has no account')
    // The oldest proof that counts: `max_age` must never be met by a younger one beside it.
    const at = new Date(Math.min(...proofs.map((proof) => new Date(proof.at).getTime())))
    const login = { accountId, amr: amrOf(proofs), level: levelOf(proofs), at, mayEnd }
    const next = await stored(ctx, visit, attempt, login)
    if (next === null) return visits.seeOther(ctx, `/sign-in/${visit.uid}`)
    const targets = await knownBy(attempt, accountId)
    const known = targets.reduce((cookie, target) => deps.knownBrowsers.remember(cookie, target), deps.cookies.known(ctx))
    if (known) deps.cookies.setKnown(ctx, known)
    visits.seeOther(ctx, next)
  }

  /** What this browser is known by from now on: the addresses that were proven, or whom a passkey says it is. */
  async function knownBy(attempt: Attempt, accountId: string): Promise<Address[]> {
    const proven = provenChallenges(attempt).map(({ target }) => target)
    if (proven.length > 0 || !attempt.proofs.some(({ kind }) => kind === 'passkey')) return proven
    const account = await deps.accounts.find(accountId)
    return [account?.email, account?.phone].flatMap((address) => address ?? [])
  }

  /** Stores the result, and answers where the engine takes it up; null and nothing stored where what it is for stands no more. */
  async function stored(ctx: Context, visit: OpenVisit, attempt: Attempt, login: LoginResult): Promise<string | null> {
    const look = (write: Parameters<Within>[0] | null) => lastLook(visit, attempt, login, write)
    try {
      if (login.mayEnd === null) return await interactions.finishLogin(ctx, visit.interaction, login, look)
      // A session that ends with it is locked before the interaction, everywhere: so the two follow each other here. A claim
      // whose result is lost stays: the interaction then ends with all of the account, and opens nothing.
      await look(null)
      return await interactions.finishLogin(ctx, visit.interaction, login)
    } catch (error) {
      if (!(error instanceof Undone)) throw error
      // What was asked at once was undone together; that the attempt stands no more is kept.
      await deps.transact((tx) => deps.flow.stands(tx, attempt))
      return null
    }
  }

  /**
   * The last look before a session is made, and the result with it. What ends all of an account either finds the attempt,
   * which then stands no more, or waits for this and finds the interaction, which then is gone when it is to be written or
   * taken up. All in one message, in the order in which the rows are locked; nothing is written unless each holds, the
   * result too where it is written here.
   */
  function lastLook(visit: OpenVisit, attempt: Attempt, { accountId }: LoginResult, write: Parameters<Within>[0] | null) {
    return deps.transact(async (tx) => {
      const look = [deps.flow.stands(tx, attempt), interactions.claim(tx, visit.uid, accountId)] as const
      const last = [deps.accounts.signedIn(tx, accountId), write ? write(tx) : 'written'] as const
      const [stands, claimed, isActive, written] = await Promise.all([...look, ...last])
      if (!stands || !claimed) throw new Undone()
      // suspended or closed meanwhile.
      if (!isActive) throw new Refusal('account_closed')
      // Else the claim would stay without its result.
      if (written === 'lost') throw new Undone()
      return written
    })
  }

  return finish
}

export type Finish = ReturnType<typeof createFinish>

/** Rolls the last look back. */
class Undone extends Error {
  override name = 'Undone'
}

/**
 * RFC 8176 §2: a second factor makes `mfa`, as does a passkey that is two by itself; two channels are `mca` and no second
 * factor.
 */
function amrOf(proofs: readonly Proof[]): string[] {
  const two = proofs.length > 1 || proofs.some(({ level }) => level === 2)
  const kept = proofs.some((proof) => isKept(proof))
  return [...new Set(proofs.flatMap((proof) => proof.amr)), ...(two ? [kept ? 'mfa' : 'mca'] : [])]
}
