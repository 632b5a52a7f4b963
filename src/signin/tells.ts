import type { Account } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import { type Address, hashOf, type Proof, type Tx } from '../base/index.ts'
import type { Notices, ToTell } from '../notices/index.ts'
import type { Attempt } from './attempt.ts'
import type { Asker } from './deps.ts'
import type { Enrolled } from './enrolled.ts'
import type { KnownBrowsers } from './known-browser.ts'
import { isKept } from './next-step.ts'

export interface TellsDeps {
  notices: Pick<Notices, 'tell'>
  audit: Pick<Audit, 'record'>
  knownBrowsers: Pick<KnownBrowsers, 'knows'>
}

/** What one step of a sign-in brought, as far as its person should hear of it. */
export interface Brought {
  /** All that is proven by now. */
  proofs: readonly Proof[]
  /** A factor that was set up in this step. */
  enrolled: Omit<Enrolled, 'sealed'> | null
  /** Recovery codes that are left after one was used in this step; null when none was. */
  codesLeft: number | null
  /** The sign-in has ended well. */
  signedIn: boolean
}

/**
 * What people are told of their sign-ins by mail, in the transaction that makes it true: a browser that did not
 * know the address, an authenticator that was set up on the way, a recovery code that was used. Nothing of it is news to
 * somebody whose account this very sign-in has made.
 */
export function createTells(deps: TellsDeps) {
  const { notices, audit } = deps

  return async (tx: Tx, attempt: Attempt, account: Account, brought: Brought, asker: Asker): Promise<void> => {
    if (isMadeBy(brought.proofs, account)) return
    const { enrolled, codesLeft, signedIn, proofs } = brought
    const tell = async (told: Pick<ToTell, 'kind' | 'values' | 'undo' | 'once'>) => {
      // In the person's own language: whoever signs in may be somebody else.
      const from = { accountId: account.id, device: asker.device, locale: account.locale ?? attempt.locale }
      await notices.tell(tx, { ...told, ...from })
    }
    if (enrolled && !enrolled.rescued) {
      const { credentialId, label, demands } = enrolled
      const kind = enrolled.kind === 'passkey' ? 'passkey_added' : 'factor_added'
      await tell({ kind, values: { name: label }, undo: { credentialId, ...(demands && { always: 'yes' }) } })
    }
    if (codesLeft !== null) {
      await tell({ kind: 'code_used', values: { left: String(codesLeft) }, undo: {} })
    }
    const knows = (address: Address | null) => address !== null && deps.knownBrowsers.knows(asker.knownCookie, address)
    const known = knows(account.email) || knows(account.phone)
    if (signedIn && isNewBrowser(attempt, proofs, known)) {
      const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id, accountId: account.id }
      await audit.record(tx, 'device.new', who)
      // By the network too: what a browser calls itself is its own choice.
      const once = hashOf(`${asker.device}\n${asker.ipSubject}`)
      await tell({ kind: 'device_new', values: { clientId: attempt.clientId }, undo: {}, once })
    }
  }
}

export type Tells = ReturnType<typeof createTells>

// The proof that made an account is older than it by a moment.
function isMadeBy(proofs: readonly Proof[], { createdAt }: Account): boolean {
  const first = Math.min(...proofs.map(({ at }) => new Date(at).getTime()))
  return createdAt.getTime() >= first
}

// A living session that a sign-in is built on is known here. A passkey names no address: then it is the account's own that
// the browser knows or not.
function isNewBrowser(attempt: Attempt, proofs: readonly Proof[], knowsAccount: boolean): boolean {
  if (proofs[0]?.kind === 'passkey' && proofs.every(isKept)) return !knowsAccount
  const byAddress = proofs.filter((proof) => !isKept(proof))
  const strange = byAddress.filter(({ kind }) => attempt.challenges.some((one) => one.kind === kind && !one.knownBrowser))
  return byAddress.length > 0 && strange.length === byAddress.length
}
