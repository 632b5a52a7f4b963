import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import { stringify } from 'yaml'
import { type BenchClients, clientsFileOf, type KeyClient } from './clients.ts'
import { ISSUER } from './http.ts'
import type { MailSink } from './mail-sink.ts'

/** A client that proves itself by a key, with the key. */
export interface GuardKey extends KeyClient {
  privateKey: CryptoKey
}

export async function newGuardKey(): Promise<GuardKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  return {
    id: 'bench-signed',
    privateKey,
    publicKey: { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'guard' },
  }
}

// Every limit is counted as always; none is reached.
const LIMITED = [
  ...['email/15m', 'email-day/1d', 'email-known/15m', 'ip/15m', 'client/1m', 'all/1m'],
  ...['authorize-ip/1m', 'token-ip/1m', 'admin-api/1m'],
]
const LIMITS = LIMITED.map((limit) => limit.replace('/', ':1000000/')).join(' ')

/** What the image sets. */
export const AS_IN_THE_IMAGE = { NODE_OPTIONS: '--max-semi-space-size=8', MALLOC_ARENA_MAX: '2' }

/** Half of the memory that the chart allows a pod, in MB. V8 takes that by itself in a container, and here from what the machine has. */
export const OLD_OBJECTS_MB = 384

/** How the process runs in a pod of the chart. */
export const AS_IN_A_POD = {
  ...AS_IN_THE_IMAGE,
  NODE_OPTIONS: `${AS_IN_THE_IMAGE.NODE_OPTIONS} --max-old-space-size=${OLD_OBJECTS_MB}`,
}

/** What the process is told that production would start: every guard is on. */
export async function serviceEnvironment(options: {
  folder: string
  port: number
  databaseUrl: string
  clients: BenchClients
  guardKey: GuardKey
  mails: MailSink
}): Promise<Record<string, string>> {
  const { folder, port, clients } = options
  const clientsFile = join(folder, 'clients.yaml')
  await writeFile(clientsFile, stringify(clientsFileOf(clients, options.guardKey)))
  return {
    NODE_ENV: 'production',
    ...AS_IN_A_POD,
    ISSUER,
    HOST: '127.0.0.1',
    PORT: String(port),
    OPS_PORT: String(port + 2),
    TRUSTED_PROXIES: '1',
    DATABASE_URL: options.databaseUrl,
    SECRETS: randomBytes(32).toString('base64url'),
    SMTP_URL: options.mails.url,
    MAIL_FROM: 'Doorward <id@bench.example>',
    CLIENTS_FILE: clientsFile,
    BENCH_WEB_SECRET: clients.web.secret,
    BENCH_MACHINE_SECRET: clients.machine.secret,
    BENCH_SECURE_SECRET: clients.secure.secret,
    LIMITS,
  }
}
