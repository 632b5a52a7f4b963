import { createPrivateKey } from 'node:crypto'
import { type CryptoKey, importJWK, type JWK } from 'jose'
import * as oidc from 'openid-client'
import { CommandFault } from './exits.ts'

/** By the kind of key, the signature that is made with it; a JWK may name its own. */
const ALGS: Readonly<Record<string, string>> = { 'P-256': 'ES256', Ed25519: 'EdDSA', RSA: 'RS256' }

/**
 * Proves who a machine is by its key (`private_key_jwt`, OpenID Connect Core §9): each assertion has an id of its own, is
 * meant for the issuer alone and good for a minute. `text` is a JWK or a PEM file with a private key that has no
 * passphrase. Throws `CommandFault`, which says nothing of the content.
 */
export async function keyAuthentication(text: string, path: string): Promise<oidc.ClientAuth> {
  const { key, kid } = await privateKeyIn(text).catch((cause: unknown) => {
    throw new CommandFault(
      'usage',
      `DOORWARD_CLIENT_KEY_FILE: ${path} holds no private key for ES256, EdDSA, RS256 or PS256, as a JWK or PEM`,
      { cause },
    )
  })
  return oidc.PrivateKeyJwt(kid === undefined ? key : { key, kid }, {
    [oidc.modifyAssertion]: (header) => {
      if (header.alg === 'Ed25519') header.alg = 'EdDSA' // the name that the issuer knows it by (RFC 8037)
    },
  })
}

async function privateKeyIn(text: string): Promise<{ key: CryptoKey; kid: string | undefined }> {
  const jwk: JWK = text.trimStart().startsWith('{') ? (JSON.parse(text) as JWK) : createPrivateKey(text).export({ format: 'jwk' })
  const alg = jwk.alg ?? ALGS[jwk.crv ?? jwk.kty ?? '']
  if (!alg || jwk.d === undefined) throw new Error('no private key of a known kind')
  const key = await importJWK(jwk, alg)
  if (key instanceof Uint8Array) throw new Error('a secret, and no key of two parts')
  return { key, kid: jwk.kid }
}
