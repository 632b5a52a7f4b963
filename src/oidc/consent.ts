import { createHash } from 'node:crypto'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Clock, Tx } from '../base/index.ts'
import { policyOf } from './client-metadata.ts'

/** What a person agreed to for one client. */
export interface Consent {
  accountId: string
  clientId: string
  scopes: readonly string[]
  claims: readonly string[]
  /** Scopes by resource indicator. */
  resources: Readonly<Record<string, readonly string[]>>
}

export interface ConsentStore {
  find(accountId: string, clientId: string): Promise<Consent | null>
  /** Adds to what was agreed before; nothing is taken away by it. */
  add(tx: Tx, consent: Consent, at: Date): Promise<void>
}

/** What the engine says is missing when it asks for consent. */
export interface MissingConsent {
  missingOIDCScope?: string[]
  missingOIDCClaims?: string[]
  missingResourceScopes?: Record<string, string[]>
}

/** The missing parts as a record of ours. */
export function consentFrom(accountId: string, clientId: string, missing: MissingConsent): Consent {
  return {
    accountId,
    clientId,
    scopes: missing.missingOIDCScope ?? [],
    claims: missing.missingOIDCClaims ?? [],
    resources: missing.missingResourceScopes ?? {},
  }
}

/**
 * The engine's `loadExistingGrant`. A first-party client is granted what it asks for; any other one what the person
 * agreed to, from our own record, since the engine's Grant ends with the session.
 *
 * The Grant's id is the same for one session and client, so that two tabs that authorize at once share it and
 * neither loses its tokens.
 */
export function createGrantLoader(deps: { consents: Pick<ConsentStore, 'find'>; clock: Clock }) {
  return async function loadExistingGrant(ctx: KoaContextWithOIDC) {
    const { client, session, account, provider } = ctx.oidc
    if (!client || !session || !account) return undefined
    const agreed = policyOf(client).firstParty ? 'everything' : await deps.consents.find(account.accountId, client.clientId)
    if (!agreed) return undefined

    const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
    grant.jti = grantIdOf(session.uid, account.accountId, client.clientId)
    const asked = agreed === 'everything' ? askedFor(ctx) : narrowed(askedFor(ctx), agreed)
    if (asked.scopes.length > 0) grant.addOIDCScope(asked.scopes.join(' '))
    if (asked.claims.length > 0) grant.addOIDCClaims([...asked.claims])
    for (const [resource, scopes] of Object.entries(asked.resources)) {
      if (scopes.length > 0) grant.addResourceScope(resource, scopes.join(' '))
    }
    await grant.save()
    return grant
  }
}

type Asked = Pick<Consent, 'scopes' | 'claims' | 'resources'>

function askedFor(ctx: KoaContextWithOIDC): Asked {
  const { requestParamOIDCScopes, requestParamClaims, requestParamScopes, resourceServers } = ctx.oidc
  const scopes = [...(requestParamScopes as Set<string>)]
  return {
    scopes: [...(requestParamOIDCScopes as Set<string>)],
    claims: [...(requestParamClaims as Set<string>)],
    resources: Object.fromEntries(
      Object.entries(resourceServers ?? {}).map(([id, server]) => [id, scopes.filter((scope) => server.scopes.has(scope))]),
    ),
  }
}

function narrowed(asked: Asked, agreed: Consent): Asked {
  return {
    scopes: asked.scopes.filter((scope) => agreed.scopes.includes(scope)),
    claims: asked.claims.filter((claim) => agreed.claims.includes(claim)),
    resources: Object.fromEntries(
      Object.entries(asked.resources).map(([id, scopes]) => [
        id,
        scopes.filter((scope) => agreed.resources[id]?.includes(scope)),
      ]),
    ),
  }
}

function grantIdOf(sessionUid: string, accountId: string, clientId: string): string {
  return createHash('sha256').update(`${sessionUid}\n${accountId}\n${clientId}`).digest('base64url')
}
