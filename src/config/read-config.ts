import { type EmailAddress, parseEmailAddress } from '../base/index.ts'
import type { Budget } from './budget.ts'
import { durationWords, LOOPBACK_HOSTS, type Mailbox } from './kinds.ts'
import type { OutboundList } from './outbound-settings.ts'
import { type PasskeyConfig, passkeyContradictions, settledPasskeys } from './passkey-settings.ts'
import type { Limit, LimitName, Signup } from './policies.ts'
import { type RescueConfig, rescueContradictions, settledRescue } from './rescue-settings.ts'
import { type Fault, readTable, type SettingsSource, type SettingsTable, type Values } from './setting.ts'
import { settings, storageSettings } from './settings.ts'
import { type TextRouteName, textContradictions } from './text-settings.ts'

/**
 * What the service runs with: frozen at start. Addresses of the database, secrets and the clients file are `null`, and
 * mail servers none, in trial mode only.
 */
export interface Config extends RescueConfig, PasskeyConfig {
  /** True for a trial: http on loopback and not `NODE_ENV=production`. Only then do inbox, demo and made-up secrets exist. */
  readonly trial: boolean
  readonly production: boolean
  /** Origin without a trailing slash. */
  readonly issuer: string
  readonly port: number
  readonly opsPort: number
  /** `null`: the admin API is on `port`. */
  readonly adminPort: number | null
  /** Where the link for the first administrator is written; null: to standard output. */
  readonly adminLinkFile: string | null
  readonly host: string
  /** Proxies in front whose forwarded address is believed; 0 for none. */
  readonly trustedProxies: number
  readonly bodyMaxBytes: number
  readonly shutdownGraceSeconds: number
  readonly shutdownDelaySeconds: number
  readonly clockSkewMaxSeconds: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  readonly databaseUrl: string | null
  /** Without a pooler, for migrations and the queue; `databaseUrl` where none is given. */
  readonly databaseDirectUrl: string | null
  readonly databasePoolSize: number
  readonly dataDir: string
  readonly workerConcurrency: number
  /** Newest first. */
  readonly secrets: readonly string[] | null
  /** A private JWK Set; null: the service makes its keys itself. */
  readonly signingKeysFile: string | null
  /** After so long another key signs; 0: never by itself. */
  readonly keyRotationSeconds: number
  readonly keyRotationWaitSeconds: number
  /** In the order they are tried. */
  readonly smtpUrls: readonly string[]
  readonly mailFrom: Readonly<Mailbox>
  readonly clientsFile: string | null
  readonly themeDir: string | null
  /** What inside may be reached for applications. */
  readonly outboundAllow: OutboundList
  readonly signup: Signup
  /** Before a change of addresses takes place. */
  readonly addressHoldSeconds: number
  /** Before an account that is to be deleted is closed. */
  readonly accountGraceSeconds: number
  readonly interactionTtlSeconds: number
  readonly mailCodeTtlSeconds: number
  readonly mailCodeCapSeconds: number
  readonly mailsMax: number
  readonly codeTriesMax: number
  readonly codeFailuresMax: number
  readonly resendWaitSeconds: number
  readonly secondFactor: 'off' | 'optional' | 'required'
  /** 0: no browser is remembered. */
  readonly deviceRememberSeconds: number
  readonly sessionTtlSeconds: number
  readonly sessionIdleTtlSeconds: number
  readonly codeTtlSeconds: number
  readonly accessTokenTtlSeconds: number
  readonly idTokenTtlSeconds: number
  readonly refreshTokenTtlSeconds: number
  readonly refreshTokenIdleTtlSeconds: number
  readonly limits: Readonly<Record<LimitName, Readonly<Limit>>>
  /** Whether people may sign in by text at all: there is a route, or this is a trial with its inbox. */
  readonly texts: boolean
  /** In the order they are tried. In trial mode without any, texts lie in the inbox. */
  readonly smsRoutes: readonly TextRouteName[]
  /** ISO 3166-1 alpha-2. `null`: every country of the price table, in trial mode only. */
  readonly smsCountries: readonly string[] | null
  /** Country of numbers without a country code; `null`: the browser's. */
  readonly phoneCountry: string | null
  readonly phoneProofAgeSeconds: number
  /** In millionths of the currency of the price table, by day (UTC). */
  readonly smsBudget: Budget
  readonly smsPricesFile: string | null
  /** Percent of texts proven, below which a proof of work is asked for; 0 for never. */
  readonly smsProofBelow: number
  /** Percent of texts proven, below which nearly none are sent; 0 for never. */
  readonly smsCloseBelow: number
  readonly smsRatioTexts: number
  /** What applications call the levels of assurance, lowest first. */
  readonly acrNames: readonly [string, string, string]
  readonly proofOfWork: 'off' | 'texts' | 'always'
  readonly snsRegion: string | null
  readonly snsSenderId: string | null
  /** Names (ARN) of the topics whose notices are taken. */
  readonly snsTopics: readonly string[]
  readonly twilioAccountSid: string | null
  readonly twilioAuthToken: string | null
  readonly twilioFrom: string | null
  /** Origin without a trailing slash. */
  readonly twilioUrl: string
  readonly smsWebhookUrl: string | null
  readonly smsWebhookSecret: string | null
  readonly receiptsSecret: string | null
  /** `mailto:` or https; null: nobody is named. */
  readonly helpContact: string | null
}

type Own = Values<typeof settings>
/** Values as read; `null` also where a fault was noted. */
type Draft = { [Field in keyof Own]: Own[Field] | null }
type Env = SettingsSource['env']

export interface ReadOptions<Extra extends SettingsTable> {
  /** Answers the text of a secret's file, or throws. */
  files: SettingsSource['files']
  /** Tables of methods and channels, merged. */
  extra?: Extra
}

export type ReadResult<Extra extends SettingsTable> =
  | { ok: true; config: Config; extra: Readonly<Values<Extra>> }
  | { ok: false; faults: Fault[] }

const TRIAL_SENDER: Mailbox = { name: 'Doorward', address: parseEmailAddress('sign-in@doorward.example') as EmailAddress }
const PORT_MAX = 65_535
const CLOCK_SKEW_MAX_SECONDS = 300
const SHUTDOWN_DELAY_SECONDS = 5

/**
 * Reads the environment into a frozen configuration, or tells everything that is wrong at once, by name. What
 * is unsafe is a fault unless this is a trial (R-172).
 */
export function readConfig<const Extra extends SettingsTable = Record<never, never>>(
  env: Env,
  options: ReadOptions<Extra>,
): ReadResult<Extra> {
  const source: SettingsSource = { env, files: options.files }
  const own = readTable(settings, source)
  const more = readTable((options.extra ?? {}) as Extra, source)
  const faults = [...own.faults, ...more.faults]
  const draft: Draft = own.values
  const production = draft.nodeEnv === 'production'
  const trial = isTrial(draft, own.given)
  if (!trial) {
    const reason = production ? 'must be set with NODE_ENV=production' : 'must be set outside of trial mode'
    faults.push(...missing({ ...settings, ...options.extra }, new Set([...own.given, ...more.given]), reason))
    if (production && draft.issuer?.startsWith('http:'))
      faults.push({ name: 'ISSUER', words: 'must be https with NODE_ENV=production' })
  }
  const config = settle(draft, trial)
  faults.push(...contradictions(config, own.given, trial))
  if (faults.every(({ name }) => name !== 'ISSUER')) faults.push(...passkeyContradictions(config))
  if (faults.length > 0) return { ok: false, faults: inOrder(faults) }
  return { ok: true, config: deepFreeze({ ...config, trial, production }), extra: deepFreeze(more.values as Values<Extra>) }
}

/** The address of the database for commands that need nothing else. */
export function readStorageConfig(env: Env, options: { files: SettingsSource['files'] }) {
  const { values, faults, given } = readTable(storageSettings, { env, files: options.files })
  if (!given.has('DATABASE_URL')) faults.push({ name: 'DATABASE_URL', words: 'must be set' })
  const { databaseUrl, databaseDirectUrl, logLevel } = values
  if (faults.length > 0 || !databaseUrl) return { ok: false as const, faults }
  return {
    ok: true as const,
    config: { databaseUrl, databaseDirectUrl: databaseDirectUrl ?? databaseUrl, logLevel: logLevel ?? 'info' },
  }
}

// An ISSUER or NODE_ENV that is at fault never makes a trial: what is unsafe must not start by a slip.
function isTrial(draft: Draft, given: Set<string>): boolean {
  if (draft.nodeEnv === null || draft.nodeEnv === 'production') return false
  if (!given.has('ISSUER')) return true
  const url = draft.issuer === null ? null : URL.parse(draft.issuer)
  return url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname)
}

function missing(table: SettingsTable, given: Set<string>, reason: string): Fault[] {
  return Object.values(table)
    .filter((setting) => setting.required && !given.has(setting.name))
    .map(({ name, example, secret, help }) => ({
      name,
      words: `${reason}${!secret && example ? `, such as ${example}` : ''}. ${help}`,
    }))
}

type Settled = Omit<Config, 'trial' | 'production'>

/** Fills in what is worked out from other settings. Where a fault was noted the value does not matter. */
function settle(draft: Draft, trial: boolean): Settled {
  const { nodeEnv: _, ...values } = draft
  const port = draft.port ?? 3000
  const issuer = draft.issuer ?? `http://localhost:${port}`
  return {
    ...(values as { [Field in keyof typeof values]: NonNullable<(typeof values)[Field]> }),
    port,
    opsPort: draft.opsPort ?? port + 2,
    adminPort: draft.adminPort,
    adminLinkFile: draft.adminLinkFile,
    host: draft.host ?? (trial ? '127.0.0.1' : '0.0.0.0'),
    issuer,
    trustedProxies: draft.trustedProxies ?? 0,
    shutdownDelaySeconds: draft.shutdownDelaySeconds ?? (trial ? 0 : SHUTDOWN_DELAY_SECONDS),
    logLevel: draft.logLevel ?? (trial ? 'warn' : 'info'),
    databaseUrl: draft.databaseUrl,
    databaseDirectUrl: draft.databaseDirectUrl ?? draft.databaseUrl,
    secrets: draft.secrets,
    signingKeysFile: draft.signingKeysFile,
    smtpUrls: draft.smtpUrls ?? [],
    mailFrom: draft.mailFrom ?? TRIAL_SENDER,
    clientsFile: draft.clientsFile,
    outboundAllow: draft.outboundAllow ?? { networks: [], hosts: [] },
    themeDir: draft.themeDir,
    helpContact: draft.helpContact,
    texts: trial || (draft.smsRoutes ?? []).length > 0,
    ...settledTexts(draft),
    ...settledRescue(draft),
    ...settledPasskeys(draft, issuer),
  }
}

function settledTexts(draft: Draft) {
  const { phoneCountry, smsPricesFile, snsRegion, snsSenderId, twilioAccountSid, twilioAuthToken, twilioFrom } = draft
  const { smsRoutes, smsCountries, smsWebhookUrl, smsWebhookSecret, snsTopics, receiptsSecret } = draft
  return {
    ...{ phoneCountry, smsPricesFile, snsRegion, snsSenderId, twilioAccountSid, twilioAuthToken, twilioFrom },
    ...{ smsCountries, smsWebhookUrl, smsWebhookSecret, receiptsSecret },
    smsRoutes: smsRoutes ?? [],
    snsTopics: snsTopics ?? [],
  }
}

/** Settings that are right one by one and wrong together. A value at fault is `null` and compares with nothing. */
function contradictions(config: Settled, given: Set<string>, trial: boolean): Fault[] {
  const faults: Fault[] = []
  const check = (wrong: boolean, name: string, words: string): void => {
    if (wrong) faults.push({ name, words })
  }
  const atMost = (name: string, value: number | null, otherName: string, other: number | null): void => {
    const wrong = value !== null && other !== null && value > other
    check(wrong, name, `must not be longer than ${otherName} (${durationWords(other ?? 0)})`)
  }
  check(config.opsPort === config.port, 'OPS_PORT', 'must differ from PORT')
  check(config.adminPort === config.port, 'ADMIN_PORT', 'must differ from PORT')
  check(config.adminPort === config.opsPort, 'ADMIN_PORT', 'must differ from OPS_PORT')
  check(config.opsPort > PORT_MAX, 'OPS_PORT', 'must be set: PORT + 2 is no port')
  check(given.has('DATABASE_DIRECT_URL') && !given.has('DATABASE_URL'), 'DATABASE_DIRECT_URL', 'needs DATABASE_URL beside it')
  if (!trial)
    check(config.clockSkewMaxSeconds > CLOCK_SKEW_MAX_SECONDS, 'CLOCK_SKEW_MAX', 'must be at most 5m outside of trial mode')
  if (given.has('SHUTDOWN_DELAY'))
    atMost('SHUTDOWN_DELAY', config.shutdownDelaySeconds, 'SHUTDOWN_GRACE', config.shutdownGraceSeconds)
  atMost('SESSION_IDLE_TTL', config.sessionIdleTtlSeconds, 'SESSION_TTL', config.sessionTtlSeconds)
  atMost('REFRESH_TOKEN_IDLE_TTL', config.refreshTokenIdleTtlSeconds, 'REFRESH_TOKEN_TTL', config.refreshTokenTtlSeconds)
  // 0 is off.
  atMost('KEY_ROTATION_WAIT', config.keyRotationWaitSeconds, 'KEY_ROTATION', config.keyRotationSeconds || null)
  atMost('MAIL_CODE_TTL', config.mailCodeTtlSeconds, 'MAIL_CODE_CAP', config.mailCodeCapSeconds)
  atMost('MAIL_CODE_CAP', config.mailCodeCapSeconds, 'INTERACTION_TTL', config.interactionTtlSeconds)
  return [...faults, ...rescueContradictions(config), ...textContradictions(config, given, trial)]
}

function inOrder(faults: Fault[]): Fault[] {
  return faults.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function deepFreeze<T>(value: T): Readonly<T> {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value))
    Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
