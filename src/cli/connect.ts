import { ClientSecretBasic } from 'openid-client'
import type { Admin } from '../admin/index.ts'
import type { Clock } from '../base/index.ts'
import type { Door } from './door.ts'
import { CommandFault } from './exits.ts'
import { keyAuthentication } from './key-file.ts'
import { openLocal } from './local-door.ts'
import { openRemote } from './remote.ts'
import type { Terminal } from './terminal.ts'
import { machineToken, personToken, trustedOrigin } from './tokens.ts'

/** Options that stand before or after any command. */
export interface CommonOptions {
  url?: string
  issuer?: string
  token?: string
  login?: boolean
  local?: boolean
  json?: boolean
}

export interface ConnectDeps {
  terminal: Terminal
  clock: Clock
  env: Readonly<Record<string, string | undefined>>
  /** Opens the operations on the database that the settings name. Throws `CommandFault`. */
  openHouse(): Promise<{ issuer: string; admin: Pick<Admin, 'perform'>; close(): Promise<void> }>
}

/** Variables of the environment that commands read besides the settings; secrets among them never reach a message. */
export const VARIABLES = {
  DOORWARD_URL: 'where the service is; with it commands go over its API',
  DOORWARD_ISSUER: 'the issuer, where the API has a port or name of its own; else `DOORWARD_URL`',
  DOORWARD_TOKEN: 'an access token for the API, as `doorward login` prints it',
  DOORWARD_CLIENT_ID: 'a client that may use the API, by client credentials',
  DOORWARD_CLIENT_SECRET: 'its secret',
  DOORWARD_CLIENT_KEY_FILE: 'or the file with its private key (JWK or PEM), where it is registered with `private_key_jwt`',
} as const

/** Over the API where an address is given, else in this process on the database. */
export async function connect(deps: ConnectDeps, options: CommonOptions): Promise<Door> {
  const url = options.url ?? deps.env.DOORWARD_URL
  if (options.local || !url) return openLocal(await deps.openHouse())
  const { origin, issuer } = addresses(deps, options, url)
  return openRemote({ url: origin, issuer, token: tokenSource(deps, options, issuer) })
}

/** Where the API and the issuer are. */
export function addresses({ env }: Pick<ConnectDeps, 'env'>, options: CommonOptions, url: string) {
  const origin = trustedOrigin(url, options.url ? '--url' : 'DOORWARD_URL')
  const other = options.issuer ?? env.DOORWARD_ISSUER
  return { origin, issuer: other ? trustedOrigin(other, options.issuer ? '--issuer' : 'DOORWARD_ISSUER') : origin }
}

function tokenSource(deps: ConnectDeps, options: CommonOptions, issuer: string): () => Promise<string> {
  const given = options.token ?? deps.env.DOORWARD_TOKEN
  const { DOORWARD_CLIENT_ID: id, DOORWARD_CLIENT_SECRET: secret, DOORWARD_CLIENT_KEY_FILE: keyFile } = deps.env
  if (options.login) {
    const signedIn = personToken({ ...deps, issuer }).then(({ value }) => value)
    signedIn.catch(() => {})
    return () => signedIn
  }
  if (given) return async () => given
  if (id && keyFile) return machineToken({ ...deps, issuer }, id, async () => keyAuthentication(textOf(deps, keyFile), keyFile))
  if (id && secret) return machineToken({ ...deps, issuer }, id, async () => ClientSecretBasic(secret))
  throw new CommandFault(
    'notAllowed',
    'no token: run `eval "$(doorward login)"`, set DOORWARD_TOKEN, or set DOORWARD_CLIENT_ID and DOORWARD_CLIENT_SECRET (or DOORWARD_CLIENT_KEY_FILE)',
  )
}

function textOf({ terminal }: Pick<ConnectDeps, 'terminal'>, path: string): string {
  try {
    return terminal.readFile(path)
  } catch (cause) {
    throw new CommandFault('usage', `DOORWARD_CLIENT_KEY_FILE: the file ${path} cannot be read`, { cause })
  }
}
