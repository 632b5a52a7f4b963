import type {
  GenerateAuthenticationOptionsOpts,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import { sameText } from '../../base/index.ts'
import type { Credential } from '../factor.ts'
import { dataOf, type PasskeyData, passkeyOf } from './passkey-data.ts'
import { type Assertion, type Registration, readAssertion, readRegistration } from './responses.ts'
import { unattested } from './unattested.ts'

/** What `navigator.credentials.get` is asked with. */
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON
/** What `navigator.credentials.create` is asked with. */
export type CreationOptions = PublicKeyCredentialCreationOptionsJSON

interface PasskeyFactorDeps {
  /** Relying party id: the domain that passkeys are bound to. */
  domain: string
  /** The only pages that may ask for one. */
  origins: readonly string[]
  /** What authenticators call this service. */
  name: string
}

/** A new passkey that was verified, not stored yet. */
export interface NewPasskey {
  /** Its credential id, base64url. */
  externalId: string
  counter: bigint
  data: string
  amr: readonly string[]
  /** 2 where the authenticator verified the person. */
  level: 1 | 2
}

/**
 * What judging an assertion says. `counter_back`: another copy of the key has signed since. `backup_changed`: it says of
 * itself what cannot have changed. Both were signed by the right key, and neither proves anything.
 */
export type PasskeyVerdict =
  | { outcome: 'proven'; amr: readonly string[]; level: 1 | 2; counter: bigint; data: string }
  | { outcome: 'wrong' | 'counter_back' | 'backup_changed' }

// What judges attestations comes along: 12 MB and a seventh of a second that a start does not wait for.
const library = () => import('@simplewebauthn/server')
const TIMEOUT_MS = 5 * 60_000
// COSE algorithms (RFC 9053): ES256, EdDSA, RS256, the one that most authenticators know first.
const ALGORITHMS = [-7, -8, -257]

/**
 * Passkeys (WebAuthn L3 §7.1, §7.2). It knows no storage: challenges, their single use and the owner of a passkey are the
 * caller's. Wherever the library throws, the answer is wrong.
 */
export function createPasskeyFactor(deps: PasskeyFactorDeps) {
  const { domain, origins, name } = deps

  /** `challenge` is base64url. Without `allow` the authenticator offers what it knows for this site. */
  async function requestOptions(of: { challenge: string; allow?: readonly Credential[] }): Promise<RequestOptions> {
    const { generateAuthenticationOptions } = await library()
    return generateAuthenticationOptions({
      rpID: domain,
      challenge: bytesOf(of.challenge),
      timeout: TIMEOUT_MS,
      userVerification: 'preferred',
      ...(of.allow && { allowCredentials: of.allow.map(descriptorOf) }),
    })
  }

  /** `exclude`: whoever keeps one of these is asked for no other. `challenge` and `userHandle` are base64url. */
  async function creationOptions(of: {
    challenge: string
    userHandle: string
    userName: string
    userDisplayName: string
    exclude: readonly Credential[]
  }): Promise<CreationOptions> {
    const { generateRegistrationOptions } = await library()
    return generateRegistrationOptions({
      rpID: domain,
      rpName: name,
      challenge: bytesOf(of.challenge),
      userID: bytesOf(of.userHandle),
      userName: of.userName,
      userDisplayName: of.userDisplayName,
      timeout: TIMEOUT_MS,
      attestationType: 'none',
      excludeCredentials: of.exclude.map(descriptorOf),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
      supportedAlgorithmIDs: ALGORITHMS,
    })
  }

  /**
   * WebAuthn L3 §7.1 but for the challenge's own life and whether the id is known; null when anything is wrong. What is
   * attested is nothing that the library is to judge: see `unattested`.
   */
  async function verifyRegistration({ json, challenge }: Registration, userHandle: string): Promise<NewPasskey | null> {
    const { verifyRegistrationResponse } = await library()
    const { registrationInfo: found } = await orNull(async () =>
      verifyRegistrationResponse({
        response: await unattested(json),
        expectedChallenge: challenge,
        expectedOrigin: [...origins],
        expectedRPID: domain,
        requireUserPresence: true,
        requireUserVerification: false,
        supportedAlgorithmIDs: ALGORITHMS,
      }),
    )
    // What is named outside of what was signed must be what was signed.
    if (!found || found.credential.id !== json.id) return null
    const passkey: PasskeyData = {
      publicKey: Buffer.from(found.credential.publicKey).toString('base64url'),
      transports: json.response.transports ?? [],
      aaguid: found.aaguid,
      backupEligible: found.credentialDeviceType === 'multiDevice',
      backedUp: found.credentialBackedUp,
      userHandle,
      discoverable: json.clientExtensionResults.credProps?.rk ?? null,
      uvCapable: found.userVerified,
    }
    const worth = worthOf(passkey, found.userVerified)
    return { externalId: json.id, counter: BigInt(found.credential.counter), data: dataOf(passkey), ...worth }
  }

  /**
   * WebAuthn L3 §7.2 but for the challenge's own life. R-112: who the authenticator says the passkey belongs to must be
   * whom it belongs to; it must say so where it was not asked for one by its id.
   */
  async function verifyAuthentication(
    { json, challenge, userHandle }: Assertion,
    credential: Pick<Credential, 'externalId' | 'data' | 'counter'>,
    asked: 'by_id' | 'discoverable',
  ): Promise<PasskeyVerdict> {
    const passkey = passkeyOf(credential)
    const owner = userHandle === null ? asked === 'by_id' : sameText(userHandle, passkey.userHandle)
    if (!owner || json.id !== credential.externalId) return { outcome: 'wrong' }
    const { verifyAuthenticationResponse } = await library()
    const { verified, authenticationInfo: found } = await orNull(() =>
      verifyAuthenticationResponse({
        response: json,
        expectedChallenge: challenge,
        expectedOrigin: [...origins],
        expectedRPID: domain,
        requireUserVerification: false,
        // The library compares before it verifies. A counter that the key did not sign says nothing: compared below.
        credential: { id: json.id, publicKey: bytesOf(passkey.publicKey), counter: 0 },
      }),
    )
    if (!verified || !found) return { outcome: 'wrong' }
    if ((found.credentialDeviceType === 'multiDevice') !== passkey.backupEligible) return { outcome: 'backup_changed' }
    const counter = BigInt(found.newCounter)
    if ((counter > 0n || credential.counter > 0n) && counter <= credential.counter) return { outcome: 'counter_back' }
    const data = dataOf({ ...passkey, backedUp: found.credentialBackedUp })
    const worth = worthOf(passkey, found.userVerified)
    return { outcome: 'proven', counter, data, ...worth }
  }

  return {
    kind: 'passkey' as const,
    requestOptions,
    creationOptions,
    readAssertion,
    readRegistration,
    verifyRegistration,
    verifyAuthentication,
  }
}

/** Loads what passkeys are judged by, so that nobody waits for it. */
export async function loadPasskeyLibrary(): Promise<void> {
  await library()
}

export type PasskeyFactor = ReturnType<typeof createPasskeyFactor>

/**
 * RFC 8176 §2: possession, presence, verification, and that the key may leave the device. That hardware keeps one is said
 * of none, since only an attestation could show it. Doorward's own `passkey` names the method. With user verification it is
 * two factors by itself.
 */
function worthOf(
  { backupEligible }: Pick<PasskeyData, 'backupEligible'>,
  userVerified: boolean,
): { amr: readonly string[]; level: 1 | 2 } {
  const amr = ['passkey', 'pop', 'user', ...(userVerified ? ['uv'] : []), ...(backupEligible ? ['swk'] : [])]
  return { amr, level: userVerified ? 2 : 1 }
}

function descriptorOf(credential: Credential) {
  const transports = passkeyOf(credential).transports as NonNullable<
    NonNullable<GenerateAuthenticationOptionsOpts['allowCredentials']>[number]['transports']
  >
  return { id: credential.externalId ?? '', transports }
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(base64url, 'base64url'))
}

// It throws whatever is wrong with what came.
async function orNull<T extends object>(verify: () => Promise<T>): Promise<Partial<T>> {
  try {
    return await verify()
  } catch {
    return {}
  }
}
