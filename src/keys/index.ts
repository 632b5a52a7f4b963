// keys: the keys that sign tokens — made once for all instances or read from a file, sealed at rest, exchanged while the
// service runs, and who has seen them. It signs nothing itself: the engine does, with the private JWKs it is given.
// Tables: signing_key, client_network, jwks_fetch. Specs: RFC 7517 (JWK), RFC 7638 (kid), RFC 7516 (sealing), RFC 9111
// (how long caches keep the set), OpenID Connect Core §10.1.1; R-045.
export { readKeyFile } from './key-file.ts'
export { createKeyRing, type KeyRing } from './key-ring.ts'
export { createKeys, type KeyStore, type Keys } from './keys.ts'
export { createRotation, type NotRotated, type Rotation, type RotationState } from './rotation.ts'
export { JWKS_MAX_AGE_SECONDS, type RotationPolicy } from './rotation-steps.ts'

export { sealedWith } from './sealed-jwk.ts'
export { type ClientSight, createSightings, type SightingStore, type Sightings } from './sightings.ts'
export type { KeyState, SigningAlg, SigningKeyRow } from './signing-key.ts'
