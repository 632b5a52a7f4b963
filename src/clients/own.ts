import { hashOf, type Secrets } from '../base/index.ts'
import type { Client } from './client.ts'

/** The account page's own client. */
export const ACCOUNT_CLIENT_ID = 'account'

/** What no clients file may declare: these clients are built in. */
export const OWN_CLIENT_IDS: readonly string[] = [ACCOUNT_CLIENT_ID]

/** The secret of the account page's client. It follows from `SECRETS`, and is sent to this very process alone. */
export function accountClientSecret(secrets: Secrets, secretId: string = secrets.currentId): string {
  return secrets.hmac('account-client', ACCOUNT_CLIENT_ID, secretId).toString('base64url')
}

/**
 * The clients that are built in: the account page at `/account`, an ordinary client of this issuer. They stand in no
 * table, so that instances with other SECRETS never disagree about them. The page learns which session it hangs on by
 * the claim `sid`, which it asks for by the `claims` parameter.
 */
export function ownClients({ issuer, secrets }: { issuer: string; secrets: Secrets }): Client[] {
  return [
    {
      id: ACCOUNT_CLIENT_ID,
      metadata: {
        client_name: 'Your account',
        client_uri: `${issuer}/account`,
        redirect_uris: [`${issuer}/account/callback`],
        post_logout_redirect_uris: [`${issuer}/account/signed-out`],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        application_type: 'web',
        id_token_signed_response_alg: 'ES256',
        scope: 'openid',
      },
      policy: {
        firstParty: true,
        requirePkce: true,
        refreshToken: 'never',
        profileClaimsInIdToken: false,
        corsOrigins: [],
        resources: [],
        introspects: [],
        secondFactor: null,
        madeBy: null,
      },
      secretHashes: secrets.ids.map((secretId) => hashOf(accountClientSecret(secrets, secretId))),
    },
  ]
}
