/** What the applications of the bench ask for. */
export const SCOPE = 'openid email'

export interface BenchClient {
  id: string
  secret: string
  /** `null` for a service that acts for itself. */
  redirectUri: string | null
}

export interface BenchClients {
  web: BenchClient & { redirectUri: string }
  machine: BenchClient
}

export function benchClients(newSecret: () => string): BenchClients {
  return {
    web: { id: 'bench-web', secret: newSecret(), redirectUri: 'https://app.bench.example/callback' },
    machine: { id: 'bench-machine', secret: newSecret(), redirectUri: null },
  }
}

/** The clients file of the service, without the secrets: those come by the environment. */
export function clientsFileOf({ web, machine }: BenchClients) {
  return {
    clients: [
      {
        client_id: web.id,
        client_name: 'Bench',
        client_secret_env: 'BENCH_WEB_SECRET',
        redirect_uris: [web.redirectUri],
        first_party: true,
      },
      { client_id: machine.id, client_secret_env: 'BENCH_MACHINE_SECRET', grant_types: ['client_credentials'] },
    ],
  }
}
