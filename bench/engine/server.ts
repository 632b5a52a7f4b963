// The engine without the service around it: `ADAPTER=memory` or `ADAPTER=orm`. Whoever asks is signed in at once.
import Provider from 'oidc-provider'
import type { BenchClient } from '../clients.ts'
import { ISSUER } from '../http.ts'
import { engineConfiguration } from './configuration.ts'
import { signInAtOnce } from './sign-in-at-once.ts'

const clients = JSON.parse(process.env.CLIENTS ?? '[]') as BenchClient[]
const adapter =
  process.env.ADAPTER === 'orm' ? (await import('./orm-adapter.ts')).ormAdapter(process.env.DATABASE_URL ?? '') : null
const provider = new Provider(ISSUER, await engineConfiguration(clients, adapter))
provider.proxy = true
provider.use(signInAtOnce(provider))
provider.on('server_error', (_ctx, error) => process.stderr.write(`${error.stack}\n`))
const server = provider.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => {
  server.close()
  process.exit(0)
})
