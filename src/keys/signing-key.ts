import type { JWK } from 'jose'

/** ES256 signs unless a client or an API asks for RS256. */
export const ALGS = ['ES256', 'RS256'] as const

export type SigningAlg = (typeof ALGS)[number]

/** A key is published as `next` before it signs, signs as `current`, and is published as `previous` while its tokens live. */
export type KeyState = 'next' | 'current' | 'previous'

/** A signing key at rest. `id` is its `kid`, the RFC 7638 thumbprint. */
export interface SigningKeyRow {
  id: string
  alg: string
  state: KeyState
  publicJwk: JWK
  /** The private key, sealed. */
  privateJwe: string
  /** When it was made, and published. */
  createdAt: Date
  /** Since when it signs, or when it began to. */
  activatedAt: Date | null
  /** Of a next one: from then on it signs, whoever has seen it. */
  activateBy: Date | null
  /** Of a previous one: when it stopped signing. */
  retiredAt: Date | null
}
