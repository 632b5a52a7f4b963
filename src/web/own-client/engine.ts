import { allowInsecureRequests, ClientSecretBasic, Configuration, customFetch, enableNonRepudiationChecks } from 'openid-client'
import { createSelfFetch, type Listener } from './self-fetch.ts'

const TIMEOUT_SECONDS = 10

/**
 * This very issuer, as a client of it sees it. The addresses of the engine are known, so nothing is discovered; requests go
 * to this process, which redeems what any instance has issued. ID tokens are checked by signature.
 */
export function engineFor(client: {
  id: string
  secret: string
  idTokenAlg: string
  requireAuthTime: boolean
  issuer: string
  listener: Listener
}): Configuration {
  const { issuer } = client
  const server = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    end_session_endpoint: `${issuer}/logout`,
    authorization_response_iss_parameter_supported: true,
  }
  const metadata = { id_token_signed_response_alg: client.idTokenAlg, require_auth_time: client.requireAuthTime }
  const config = new Configuration(server, client.id, metadata, ClientSecretBasic(client.secret))
  config[customFetch] = createSelfFetch(client.listener)
  config.timeout = TIMEOUT_SECONDS
  enableNonRepudiationChecks(config)
  // A trial's issuer is http on loopback.
  if (issuer.startsWith('http:')) allowInsecureRequests(config)
  return config
}
