import { createHash } from 'node:crypto'
import type { Client as EngineClient, KoaContextWithOIDC } from 'oidc-provider'
import type { Tx } from '../base/index.ts'
import type { Clients } from '../clients/index.ts'
import { claimsOfScopes, scopesOf } from './claims.ts'
import { policyOf } from './client-metadata.ts'

/** Whose agreement to which client. */
export interface AgreementKey {
  accountId: string
  clientId: string
}

/** What a person agreed to for one client. */
export interface Consent extends AgreementKey {
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
 * The engine's `loadExistingGrant`. A first-party client is granted what it is registered for; any other one what the
 * person agreed to, from our own record, since the engine's Grant ends with the session.
 *
 * The Grant's id is the same for one session and client, so that two tabs that authorize at once share it and
 * neither loses its tokens. For the same reason it never depends on what one request asks for: a token holds no more
 * than was asked for with it, and a request for less takes nothing from tokens that are out.
 */
export function createGrantLoader(deps: {
  consents: Pick<ConsentStore, 'find'>
  clients: Pick<Clients, 'resourceServer'>
  /** Nothing may come of this request when the agreement is taken back before its end. */
  relyOn(agreed: AgreementKey): void
}) {
  return async function loadExistingGrant(ctx: KoaContextWithOIDC) {
    const { client, session, account, provider } = ctx.oidc
    if (!client || !session || !account) return undefined
    const { firstParty } = policyOf(client)
    const granted = firstParty
      ? await registeredFor(client, deps.clients)
      : await deps.consents.find(account.accountId, client.clientId)
    if (!granted) return undefined
    if (!firstParty) deps.relyOn({ accountId: account.accountId, clientId: client.clientId })

    const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
    Object.assign(grant, await grantBefore(ctx))
    if (granted.scopes.length > 0) grant.addOIDCScope(granted.scopes.join(' '))
    // Whoever may see a scope may ask for its claims by name.
    const claims = [...new Set([...granted.claims, ...claimsOfScopes(granted.scopes)])]
    if (claims.length > 0) grant.addOIDCClaims(claims)
    for (const [resource, scopes] of Object.entries(granted.resources)) {
      if (scopes.length > 0) grant.addResourceScope(resource, scopes.join(' '))
    }
    await grant.save()
    return grant
  }
}

async function registeredFor(
  client: EngineClient,
  clients: Pick<Clients, 'resourceServer'>,
): Promise<Pick<Consent, 'scopes' | 'claims' | 'resources'>> {
  const servers = await Promise.all(policyOf(client).resources.map((id) => clients.resourceServer(id)))
  const known = servers.filter((server) => server !== null)
  return {
    scopes: scopesOf(client),
    claims: [],
    resources: Object.fromEntries(known.map((server) => [server.id, Object.keys(server.scopes)])),
  }
}

/**
 * The id for the grant of this session and client, and since when it is. When the session names a grant that is gone,
 * that one was revoked: its id must not live again, since a token of it may have been on its way, and the engine makes
 * a new one.
 */
async function grantBefore(ctx: KoaContextWithOIDC): Promise<{ jti?: string; iat?: number }> {
  const { client, session, account, provider } = ctx.oidc
  if (!client || !session || !account) return {}
  const known = session.grantIdFor(client.clientId)
  if (!known) {
    const own = `${session.uid}\n${account.accountId}\n${client.clientId}`
    return { jti: createHash('sha256').update(own).digest('base64url') }
  }
  const before = await provider.Grant.find(known)
  return before ? { jti: known, iat: before.iat } : {}
}
