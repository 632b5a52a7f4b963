import type { RegistrationResponseJSON } from '@simplewebauthn/server'

/**
 * The same registration with nothing attested (WebAuthn L3 §8.7), whatever its authenticator or its sender attests. The
 * library judges a certificate chain that came with it before it looks whose the root is, and on that way fetches
 * whatever addresses the sender's certificates name for lists of revoked ones: it never gets to see one. Throws when the
 * attestation object is none.
 */
export async function unattested(registration: RegistrationResponseJSON): Promise<RegistrationResponseJSON> {
  const { decodeAttestationObject, isoCBOR } = await import('@simplewebauthn/server/helpers')
  const { response } = registration
  const bytes = Uint8Array.from(Buffer.from(response.attestationObject, 'base64url'))
  const bare = new Map<string, Parameters<typeof isoCBOR.encode>[0]>([
    ['fmt', 'none'],
    ['attStmt', new Map()],
    ['authData', decodeAttestationObject(bytes).get('authData')],
  ])
  const attestationObject = Buffer.from(isoCBOR.encode(bare)).toString('base64url')
  return { ...registration, response: { ...response, attestationObject } }
}
