import type { CredentialFactor } from '../factor.ts'
import { hashCode, hashForNothing, isHashOf, readCodeHash } from './code-hash.ts'
import { indexOf, newCodes, readCode, shown } from './codes.ts'

const USED = 1n
const HASHES_MAX = 2

/**
 * Recovery codes. Each is a credential of its own; `data` is its hash, `counter` 0 until it was used and 1 afterwards.
 * Of its five groups the first finds the credential and is kept in clear; the other 80 bits are kept as a salted slow
 * hash alone.
 */
export interface RecoveryFactor extends CredentialFactor {
  kind: 'recovery'
  level: 2
  /** Ten codes to show once (`XXXX-XXXX-XXXX-XXXX-XXXX`), and in the same order what to store. Takes half a second. */
  newSet(): Promise<{ codes: string[]; data: string[] }>
}

/** Codes to look up and use once (NIST SP 800-63B-4 §3.1.2). */
export function createRecoveryFactor(): RecoveryFactor {
  return {
    kind: 'recovery',
    amr: ['recovery_code'],
    level: 2,
    read: readCode,
    // One hash whether a code has this index or none does, so that the time says nothing.
    async judge(credentials, _accountId, answer) {
      const index = indexOf(answer)
      const fit = credentials.flatMap(({ id, kind, data, counter, provenAt }) => {
        const hash = kind === 'recovery' && provenAt !== null && counter < USED ? readCodeHash(data) : null
        return hash?.index === index ? [{ id, hash }] : []
      })
      if (fit.length === 0) await hashForNothing(answer)
      for (const { id, hash } of fit.slice(0, HASHES_MAX)) {
        if (await isHashOf(hash, answer)) return { credentialId: id, counter: USED }
      }
      return null
    },
    async newSet() {
      const codes = newCodes()
      const data: string[] = []
      // One after the other: hashes of several people share the threads fairly.
      for (const code of codes) data.push(await hashCode(code, indexOf(code)))
      return { codes: codes.map(shown), data }
    },
  }
}
