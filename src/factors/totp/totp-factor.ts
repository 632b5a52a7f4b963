import { generateSync, generateURI, ScureBase32Plugin } from 'otplib'
import { newSecret, SealBroken, sameText } from '../../base/index.ts'
import { normalizeCode } from '../derive.ts'
import type { Credential, CredentialFactor, CredentialFactorDeps } from '../factor.ts'
import { qrSvgPath } from './qr-path.ts'

// RFC 6238 §4 and RFC 4226 §5.3, with the values that every authenticator app knows: SHA-1, which is sound in an HMAC.
const STEP_SECONDS = 30
const DIGITS = 6
const SEED_BYTES = 20
/** RFC 6238 §5.2: one step back for the way of the code, and one ahead for a clock that runs fast. */
const DRIFTS = [-1, 0, 1] as const

const base32 = new ScureBase32Plugin()

/** The authenticator app. `data` of its credentials is the sealed seed, `counter` the last step that was accepted. */
export interface TotpFactor extends CredentialFactor {
  kind: 'totp'
  level: 3
  /** A seed of 160 bits, sealed to the account. `key`: the same to be typed, 32 letters and digits in groups of four. */
  newSeed(accountId: string): { data: string; key: string }
  /** The seed as an `otpauth:` URI, as apps read it from a QR code. Both names are shown there. Throws `SealBroken`. */
  uri(accountLabel: string, issuerName: string, data: string, accountId: string): string
  qrSvgPath(uri: string): { size: number; path: string }
  /** The seed to be typed, in groups of four. Throws `SealBroken`. */
  keyOf(data: string, accountId: string): string
  /** The same seed, sealed with the newest secret. Throws `SealBroken`. */
  sealAnew(data: string, accountId: string): string
  /** The last step whose code is accepted now: a `counter` of it refuses every code that was shown so far. */
  newestStep(): number
}

/** Codes by time (RFC 6238), judged by the service's clock and no other. */
export function createTotpFactor({ secrets, clock }: CredentialFactorDeps): TotpFactor {
  const presentStep = () => Math.floor(clock.now().getTime() / 1000 / STEP_SECONDS)
  const open = (data: string, accountId: string) => secrets.open(data, contextOf(accountId))

  /**
   * Of a credential's three steps the newest that shows this code: an older one that happens to show the same would
   * leave it good for a second use. All three are looked at, whichever fits. Null: none, or none that is still good.
   */
  function stepOf(credential: Credential, accountId: string, answer: string, present: number): bigint | null {
    const seed = openOrNull(credential, accountId)
    if (seed === null) return null
    const steps = DRIFTS.map((drift) => present + drift)
    const fits = steps.filter((step) => sameText(codeAt(seed, step), answer))
    const newest = fits.length > 0 ? BigInt(Math.max(...fits)) : null
    return newest !== null && newest > credential.counter ? newest : null
  }

  /** Sealed with a secret that is gone, or to somebody else: it proves nothing, and the others still do. */
  function openOrNull({ data }: Credential, accountId: string): string | null {
    try {
      return open(data, accountId)
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }

  return {
    kind: 'totp',
    amr: ['otp'],
    level: 3,
    read(typed) {
      const text = normalizeCode(typed)
      return /^\d{6}$/.test(text) ? text : null
    },
    async judge(credentials, accountId, answer) {
      const present = presentStep()
      const found = credentials
        .filter(({ kind, provenAt }) => kind === 'totp' && provenAt !== null)
        .flatMap((credential) => {
          const counter = stepOf(credential, accountId, answer, present)
          return counter === null ? [] : [{ credentialId: credential.id, counter }]
        })
      return found[0] ?? null
    },
    newSeed(accountId) {
      const seed = base32.encode(Buffer.from(newSecret(), 'base64url').subarray(0, SEED_BYTES))
      return { data: secrets.seal(seed, contextOf(accountId)), key: grouped(seed) }
    },
    uri(accountLabel, issuerName, data, accountId) {
      return generateURI({ issuer: named(issuerName), label: named(accountLabel), secret: open(data, accountId) })
    },
    qrSvgPath,
    keyOf: (data, accountId) => grouped(open(data, accountId)),
    newestStep: () => presentStep() + Math.max(...DRIFTS),
    sealAnew: (data, accountId) => secrets.seal(open(data, accountId), contextOf(accountId)),
  }
}

/** Bound to the person: a seed that is copied to another account's row does not open. */
function contextOf(accountId: string): string {
  return `credential/totp/${accountId}`
}

function codeAt(seed: string, step: number): string {
  return generateSync({ secret: seed, epoch: step * STEP_SECONDS, period: STEP_SECONDS, digits: DIGITS, algorithm: 'sha1' })
}

function grouped(seed: string): string {
  return (seed.match(/.{1,4}/g) ?? []).join(' ')
}

/** In the URI's label a colon parts the two names, so that neither may hold one. */
function named(name: string): string {
  return name.replaceAll(':', ' ')
}
