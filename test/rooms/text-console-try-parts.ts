import { tryView } from '../../src/web/console/screens/try-view.ts'
import { type client, say } from './text-console-client-parts.ts'
import { now } from './text-console-rows.ts'

export const orders = { id: 'https://orders.northwind.example', name: 'Orders', source: 'console' as const }
const run = {
  sessionId: 's',
  original: { id: 'northwind-web', name: 'Northwind Trading' },
  copy: { id: 'try-x', secret: 's' },
  idTokenAlg: 'ES256',
  state: 'st',
  nonce: 'no',
  verifier: 've',
  parameters: {
    client_id: 'try-5hFq0aC1d2E3f4G5h6I7j8',
    redirect_uri: 'https://id.northwind.example/admin/try/callback',
    response_type: 'code',
    scope: 'openid profile email',
    state: 'Zx0b1c2d3e4f5g6h7i8j9k',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  },
}
const acrNames = ['urn:doorward:acr:1', 'urn:doorward:acr:2', 'urn:doorward:acr:3'] as const
const seconds = Math.floor(now.getTime() / 1000)
const claims = {
  ...{ sub: 'kq3f0Vb2c9aXoQeJ8mZlYt', iss: 'https://id.northwind.example', aud: 'try-x', iat: seconds, exp: seconds + 600 },
  ...{ auth_time: seconds - 60, acr: 'urn:doorward:acr:2', amr: ['email_code', 'otp', 'mfa'], nonce: 'no', sid: 'k1' },
  ...{ name: '<b>Jonas</b>', email: 'jonas@fabrikam.example', email_verified: true, address: { country: 'DE' } },
}
export const tried = tryView(
  {
    answer: { code: 'x'.repeat(43), state: run.parameters.state, iss: 'https://id.northwind.example' },
    token: {
      type: 'bearer',
      expiresIn: 300,
      scope: 'openid profile email',
      accessTokenLength: 43,
      idTokenAlg: 'ES256',
      kid: 'k-2026',
    },
    claims,
    userinfo: { sub: claims.sub, name: 'Jonas Kern', email: 'jonas@fabrikam.example' },
    problem: null,
  },
  run,
  { acrNames, say },
)
export const refused = tryView(
  { answer: { error: 'access_denied', state: 'st' }, token: null, claims: null, userinfo: null, problem: 'access_denied' },
  run,
  { acrNames, say },
)
export const row = ({ id, name, letter, url }: typeof client) => ({ id, name, letter, url })

/** Every page of clients and APIs in the shapes that it takes. */
