import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createSecrets, hashOf, type Log, newSecret } from './base/index.ts'
import type { ClientsFile } from './clients/index.ts'
import type { Config } from './config/index.ts'

/** Trial mode makes up what the settings leave out: secrets, a database, one client and its application. */
const DEMO_CLIENT = 'demo'

/** The secrets of a trial, made once and kept in `DATA_DIR`. */
export function trialSecrets(dataDir: string): readonly string[] {
  const file = join(resolve(dataDir), 'secrets')
  mkdirSync(resolve(dataDir), { recursive: true })
  try {
    const kept = readFileSync(file, 'utf8').split(/\s+/).filter(Boolean)
    if (kept.length > 0) return kept
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const made = newSecret()
  writeFileSync(file, `${made}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
  return [made]
}

/** Where the demo application is served: another site than `localhost`, so that cookies and CSP are put to the test. */
export function demoOrigin(config: Config): string {
  return `http://127.0.0.1:${config.port + 1}`
}

/** The registration of the demo application. Its secret follows from `SECRETS`, so that it survives a restart. */
export function demoRegistration(config: Config, secrets: readonly string[]): { file: ClientsFile; secret: string } {
  const secret = createSecrets(secrets).hmac('trial-client', DEMO_CLIENT).toString('base64url')
  const origin = demoOrigin(config)
  const client = {
    id: DEMO_CLIENT,
    metadata: {
      client_name: 'Demo application',
      client_uri: origin,
      redirect_uris: [`${origin}/callback`],
      post_logout_redirect_uris: [`${origin}/signed-out`],
      backchannel_logout_uri: `${origin}/backchannel-logout`,
      backchannel_logout_session_required: true,
      grant_types: ['authorization_code' as const, 'refresh_token' as const],
      response_types: ['code' as const],
      token_endpoint_auth_method: 'client_secret_basic' as const,
      application_type: 'web' as const,
      scope: 'openid profile email phone offline_access',
      id_token_signed_response_alg: 'ES256' as const,
    },
    policy: {
      firstParty: true,
      requirePkce: true,
      refreshToken: 'always' as const,
      profileClaimsInIdToken: true,
      corsOrigins: [],
      resources: [],
      introspects: [],
      secondFactor: null,
      madeBy: null,
    },
    disabled: false,
    secrets: [{ hash: hashOf(secret), hint: secret.slice(-4) }],
    waitsFor: null,
  }
  return { file: { clients: [client], resourceServers: [] }, secret }
}

/** Starts the demo application; null where its packages are not installed (`npm ci --omit=dev`). */
export async function startDemoApplication(config: Config, secret: string, log: Log): Promise<{ stop(): Promise<void> } | null> {
  try {
    const { startDemo } = await import('../examples/relying-app/server.ts')
    const options = { issuer: config.issuer, clientId: DEMO_CLIENT, clientSecret: secret }
    return await startDemo({ ...options, port: config.port + 1, host: '127.0.0.1' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    log.warn('the demo application is left out: its packages are not installed')
    return null
  }
}
