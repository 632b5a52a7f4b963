import { CompactEncrypt, calculateJwkThumbprint, compactDecrypt, decodeProtectedHeader, type JWK } from 'jose'
import type { Secrets } from '../base/index.ts'

/**
 * Seals a private JWK as JWE in compact form (RFC 7516: `dir`, A256GCM). The header's `kid` names the secret
 * whose `signing-key` key opens it, so that `SECRETS` can be changed while keys live on.
 */
export async function sealJwk(jwk: JWK, secrets: Secrets): Promise<string> {
  const plain = new TextEncoder().encode(JSON.stringify(jwk))
  return new CompactEncrypt(plain)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: secrets.currentId })
    .encrypt(secrets.key('signing-key'))
}

/** Identifier of the secret that sealed a key, as its header says. Throws for what is no JWE. */
export function sealedWith(sealed: string): string | undefined {
  return decodeProtectedHeader(sealed).kid
}

/**
 * Opens what `sealJwk` made. Throws `UnknownSecret` when its secret is not configured, and an error for a damaged
 * value or one that holds another key than `kid` (its RFC 7638 thumbprint).
 */
export async function openJwk(sealed: string, kid: string, secrets: Secrets): Promise<JWK> {
  const secretId = sealedWith(sealed)
  if (typeof secretId !== 'string') throw new Error('the sealed key names no secret')
  const { plaintext } = await compactDecrypt(sealed, secrets.key('signing-key', secretId), {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  })
  const jwk: JWK = JSON.parse(new TextDecoder().decode(plaintext))
  if ((await calculateJwkThumbprint(jwk)) !== kid) throw new Error('the sealed key is not the one its row names')
  return jwk
}
