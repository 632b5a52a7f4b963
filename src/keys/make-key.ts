import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { Secrets } from '../base/index.ts'
import { sealJwk } from './sealed-jwk.ts'
import type { SigningAlg, SigningKeyRow } from './signing-key.ts'

/** Makes a key that signs from now on (`current`), or is published first (`next`) and signs from `activateBy` on at the latest. */
export async function makeKey(
  alg: SigningAlg,
  secrets: Secrets,
  { now, ...how }: { now: Date } & ({ state: 'current' } | { state: 'next'; activateBy: Date }),
): Promise<SigningKeyRow> {
  const pair = await generateKeyPair(alg, { extractable: true })
  const publicJwk = await exportJWK(pair.publicKey)
  const id = await calculateJwkThumbprint(publicJwk)
  const privateJwe = await sealJwk(await exportJWK(pair.privateKey), secrets)
  return {
    id,
    alg,
    state: how.state,
    publicJwk: { ...publicJwk, kid: id, use: 'sig', alg },
    privateJwe,
    createdAt: now,
    activatedAt: how.state === 'current' ? now : null,
    activateBy: how.state === 'next' ? how.activateBy : null,
    retiredAt: null,
  }
}
