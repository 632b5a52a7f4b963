import { helpSettings } from './help-settings.ts'
import { keysSettings } from './keys-settings.ts'
import { choice, duration, host, integer, origin, path, secretList, secretUrl, size } from './kinds.ts'
import { outboundSettings } from './outbound-settings.ts'
import { passkeySettings } from './passkey-settings.ts'
import { rescueSettings } from './rescue-settings.ts'
import type { SettingsTable } from './setting.ts'
import { textSettings } from './text-settings.ts'
import { walkSettings } from './walk-settings.ts'

/** What no part of the service can do without: read by `serve` and by the commands of the command line. */
export const storageSettings = {
  databaseUrl: secretUrl({
    name: 'DATABASE_URL',
    group: 'Storage',
    help: 'PostgreSQL to keep everything in. A pooler in transaction mode may stand in front of it.',
    default: null,
    defaultWords: 'trial mode: a server of its own in `DATA_DIR`',
    required: true,
    schemes: ['postgres', 'postgresql'],
    hostNeeded: false,
    example: 'postgres://doorward:password@db.example.com/doorward',
  }),
  databaseDirectUrl: secretUrl({
    name: 'DATABASE_DIRECT_URL',
    group: 'Storage',
    help: 'The same database without a pooler, for migrations and the job queue.',
    default: null,
    defaultWords: '`DATABASE_URL`',
    schemes: ['postgres', 'postgresql'],
    hostNeeded: false,
  }),
  logLevel: choice({
    name: 'LOG_LEVEL',
    group: 'Service',
    help: 'Least level that is written to the log.',
    default: null,
    defaultWords: '`info`; trial mode: `warn`',
    of: ['debug', 'info', 'warn', 'error', 'fatal'],
  }),
} satisfies SettingsTable

const serviceSettings = {
  nodeEnv: choice({
    name: 'NODE_ENV',
    group: 'Service',
    help: '`production` refuses to start with anything unsafe.',
    default: 'development',
    of: ['production', 'development', 'test'],
    example: 'production',
  }),
  issuer: origin({
    name: 'ISSUER',
    group: 'Service',
    help: 'The address that people and applications know this service by. Never change it: clients and tokens are bound to it.',
    default: null,
    defaultWords: 'trial mode: `http://localhost:PORT`',
    required: true,
    example: 'https://id.example.com',
  }),
  port: integer({
    name: 'PORT',
    group: 'Service',
    help: 'Port for people and applications.',
    default: '3000',
    min: 1,
    max: 65_535,
  }),
  opsPort: integer({
    name: 'OPS_PORT',
    group: 'Service',
    help: 'Port for probes and metrics. Not for the public.',
    default: null,
    defaultWords: '`PORT` + 2',
    min: 1,
    max: 65_535,
  }),
  adminPort: integer({
    name: 'ADMIN_PORT',
    group: 'Service',
    help: 'Port of its own for the admin API, such as for an internal network alone; on `PORT` it does not exist then.',
    default: null,
    defaultWords: 'none: it is on `PORT`',
    min: 1,
    max: 65_535,
  }),
  adminLinkFile: path({
    name: 'ADMIN_LINK_FILE',
    group: 'Service',
    help: 'File that the link for the first administrator is written to (mode 0600) instead of standard output; taken away once there is an administrator.',
    default: null,
    defaultWords: 'none: it is printed at start',
    example: '/run/doorward/admin-link',
  }),
  host: host({
    name: 'HOST',
    group: 'Service',
    help: 'Address to listen on. In trial mode keep it on loopback: whoever reaches the inbox page can sign in as anybody.',
    default: null,
    defaultWords: '`0.0.0.0`; trial mode: `127.0.0.1`',
  }),
  trustedProxies: integer({
    name: 'TRUSTED_PROXIES',
    group: 'Service',
    help: 'How many proxies of yours stand in front; 0 for none. The client address is taken from that many hops back.',
    default: null,
    defaultWords: 'trial mode: `0`',
    required: true,
    min: 0,
    max: 10,
    of: 'hops',
    example: '1',
  }),
  bodyMaxBytes: size({
    name: 'BODY_MAX',
    group: 'Service',
    help: 'Largest request body.',
    default: '64kB',
    min: '4kB',
    max: '1MB',
  }),
  shutdownGraceSeconds: duration({
    name: 'SHUTDOWN_GRACE',
    group: 'Service',
    help: 'How long a stop may take in all, with `SHUTDOWN_DELAY`, running requests and jobs. Keep it below the grace of the platform.',
    default: '25s',
    min: '1s',
    max: '10m',
  }),
  shutdownDelaySeconds: duration({
    name: 'SHUTDOWN_DELAY',
    group: 'Service',
    help: 'How long a stop still serves while `/readyz` says that it ends, so that every balancer has seen it.',
    default: null,
    defaultWords: '`5s`; trial mode: `0`',
    min: '0',
    max: '5m',
  }),
  clockSkewMaxSeconds: duration({
    name: 'CLOCK_SKEW_MAX',
    group: 'Service',
    help: 'Difference to the clock of the database above which start refuses (at most 5m outside of trial mode).',
    default: '10s',
    min: '1s',
    max: null,
  }),
  databasePoolSize: integer({
    name: 'DATABASE_POOL_SIZE',
    group: 'Storage',
    help: 'Connections to the database, for each process.',
    default: '10',
    min: 2,
    max: 200,
    of: 'connections',
  }),
  dataDir: path({
    name: 'DATA_DIR',
    group: 'Storage',
    help: 'Folder for the database and secrets of trial mode. Unused where both are given.',
    default: './var',
  }),
  workerConcurrency: integer({
    name: 'WORKER_CONCURRENCY',
    group: 'Storage',
    help: 'Jobs that run at the same time, for each process; as many mails and as many texts are sent beside them.',
    default: '4',
    min: 1,
    max: 50,
    of: 'jobs',
  }),
  secrets: secretList({
    name: 'SECRETS',
    group: 'Secrets',
    help: 'Keys that seal stored data, derive codes and sign cookies: newest first, separated by commas or spaces. Take each from `openssl rand -base64 32`. To rotate, put a new one in front and keep the old one until nothing sealed with it is left.',
    default: null,
    defaultWords: 'trial mode: made once and kept in `DATA_DIR`',
    required: true,
    example: '',
  }),
} satisfies SettingsTable

/** Every setting of the service itself. Methods and channels bring tables of their own. */
export const settings = {
  ...serviceSettings,
  ...keysSettings,
  ...storageSettings,
  ...walkSettings,
  ...passkeySettings,
  ...rescueSettings,
  ...helpSettings,
  ...outboundSettings,
  ...textSettings,
} satisfies SettingsTable
