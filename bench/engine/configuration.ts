import { exportJWK, generateKeyPair } from 'jose'
import type { AdapterConstructor, Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { API, type BenchClient, SCOPE } from '../clients.ts'

const ACCESS_TOKEN_SECONDS = 300

/**
 * The engine as its documentation sets it up, with the routes, algorithms, lifetimes and rules of the service: what
 * the service adds to it is what the bench measures.
 */
export async function engineConfiguration(
  clients: readonly BenchClient[],
  adapter: AdapterConstructor | null,
): Promise<Configuration> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'bench' }
  return {
    ...(adapter ? { adapter } : {}),
    clients: clients.map(({ id, secret, redirectUri }) => ({
      client_id: id,
      client_secret: secret,
      id_token_signed_response_alg: 'ES256',
      ...(redirectUri
        ? { redirect_uris: [redirectUri], grant_types: ['authorization_code', 'refresh_token'] }
        : { redirect_uris: [], response_types: [], grant_types: ['client_credentials'] }),
    })),
    findAccount: async (_ctx, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@bench.example`, email_verified: true }),
    }),
    loadExistingGrant,
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time'], email: ['email', 'email_verified'] },
    cookies: {
      names: { session: '__Host-session', interaction: '__Secure-interaction', resume: '__Secure-resume' },
      keys: ['bench'],
      long: { httpOnly: true, sameSite: 'lax', signed: true, secure: true, path: '/' },
      short: { httpOnly: true, sameSite: 'lax', signed: true, secure: true },
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
      revocation: { enabled: true },
      userinfo: { enabled: true },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: async () => true,
        getResourceServerInfo: async () => ({
          scope: API.scope,
          audience: API.id,
          accessTokenTTL: ACCESS_TOKEN_SECONDS,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
      rpInitiatedLogout: { enabled: true },
    },
    expiresWithSession: async () => false,
    interactions: { url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: [jwk] } as NonNullable<Configuration['jwks']>,
    responseTypes: ['code'],
    rotateRefreshToken: true,
    routes: {
      authorization: '/authorize',
      token: '/token',
      userinfo: '/userinfo',
      jwks: '/jwks',
      introspection: '/introspect',
      revocation: '/revoke',
      end_session: '/logout',
    },
    ttl: {
      AccessToken: accessTokenTtl,
      ClientCredentials: accessTokenTtl,
      AuthorizationCode: 60,
      IdToken: 3600,
      Interaction: 3600,
      Grant: 30 * 86_400,
      Session: 2 * 86_400,
      RefreshToken: 14 * 86_400,
    },
  }
}

const accessTokenTtl = (_ctx: unknown, token: { resourceServer?: { accessTokenTTL?: number | undefined } | undefined }) =>
  token.resourceServer?.accessTokenTTL ?? ACCESS_TOKEN_SECONDS

async function loadExistingGrant(ctx: KoaContextWithOIDC) {
  const { client, session, account, provider } = ctx.oidc
  if (!client || !session || !account) return undefined
  const known = session.grantIdFor(client.clientId)
  const found = known ? await provider.Grant.find(known) : undefined
  if (found) return found
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
  grant.addOIDCScope(SCOPE)
  grant.addResourceScope(API.id, API.scope)
  await grant.save()
  return grant
}
