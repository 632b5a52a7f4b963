// keys: the keys that sign tokens — made once for all instances, sealed at rest, opened at start. It signs nothing
// itself: the engine does, with the private JWKs it is given.
// Table: signing_key. Specs: RFC 7517 (JWK), RFC 7638 (kid), RFC 7516 (sealing), OpenID Connect Core §10.1.1; R-045.
export {
  createKeys,
  type KeyState,
  type KeyStore,
  type Keys,
  type SigningAlg,
  type SigningKeyRow,
} from './keys.ts'
