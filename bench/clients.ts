import { ISSUER } from './http.ts'

/** What the applications of the bench ask for. */
export const SCOPE = 'openid email'

/** An API whose access tokens are JWTs. */
export const API = { id: 'https://api.bench.example', scope: 'bench:read' }
/** That of the administrators, at the service only. */
export const ADMIN_API = { id: `${ISSUER}/admin/api/v1`, scope: 'accounts:read' }

/** An API that a token is meant for. */
export type Resource = typeof API

export interface BenchClient {
  id: string
  secret: string
  /** `null` for a service that acts for itself. */
  redirectUri: string | null
}

export interface BenchClients {
  web: BenchClient & { redirectUri: string }
  machine: BenchClient
  /** Asks for a second factor; administrators come by it. */
  secure: BenchClient & { redirectUri: string }
}

export function benchClients(newSecret: () => string): BenchClients {
  return {
    web: { id: 'bench-web', secret: newSecret(), redirectUri: 'https://app.bench.example/callback' },
    machine: { id: 'bench-machine', secret: newSecret(), redirectUri: null },
    secure: { id: 'bench-secure', secret: newSecret(), redirectUri: 'https://secure.bench.example/callback' },
  }
}

/** One that proves itself by a key, which the guards use: its name, and the public half. */
export interface KeyClient {
  id: string
  publicKey: object
}

/** The clients file of the service, without the secrets: those come by the environment. */
export function clientsFileOf({ web, machine, secure }: BenchClients, signed: KeyClient) {
  const common = { client_name: 'Bench', first_party: true }
  return {
    clients: [
      {
        client_id: web.id,
        ...common,
        client_secret_env: 'BENCH_WEB_SECRET',
        redirect_uris: [web.redirectUri],
        resources: [API.id],
      },
      {
        client_id: secure.id,
        ...common,
        client_secret_env: 'BENCH_SECURE_SECRET',
        redirect_uris: [secure.redirectUri],
        second_factor: 'required',
        resources: [ADMIN_API.id],
      },
      {
        client_id: machine.id,
        client_secret_env: 'BENCH_MACHINE_SECRET',
        grant_types: ['client_credentials'],
        resources: [API.id],
      },
      {
        client_id: signed.id,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [signed.publicKey] },
        grant_types: ['client_credentials'],
      },
    ],
    resource_servers: [{ id: API.id, name: 'Bench', scopes: { [API.scope]: 'read' }, token_format: 'jwt' }],
  }
}
