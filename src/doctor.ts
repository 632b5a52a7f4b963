import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { passkeyDomainOf } from './app-settings.ts'
import { addSeconds, type Clock, createLog, createSecrets, type Log } from './base/index.ts'
import { broken, type Finding, look, ok } from './cli/index.ts'
import { type Config, settings } from './config/index.ts'
import { createSmtpRoutes } from './delivery/channels/index.ts'
import { createKeys, readKeyFile } from './keys/index.ts'
import { examineSeeds } from './secrets-status.ts'
import { createDoctorStore, createKeyStore, createResealingStore, type Database } from './store/index.ts'
import { readTheme, ThemeFault } from './text/index.ts'
import { pricesFrom } from './texting.ts'

const VIEWS = join(import.meta.dirname, '..', 'views')
const LATE_SECONDS = 60
const WAITING_SECONDS = 300

export interface DoctorDeps {
  config: Config
  db: Database
  secrets: readonly string[]
  clock: Clock
  env: Readonly<Record<string, string | undefined>>
  /** What the clients file says, and what would change by it. */
  clientsFile(): Promise<Finding[]>
}

/** Looks at everything that an installation needs, and changes nothing. What cannot be asked without the database is left out. */
export async function examine(deps: DoctorDeps): Promise<Finding[]> {
  const { config, db, clock } = deps
  const mail = examineMail(config, createLog('silent'))
  const findings = [
    ...(await examineDatabase(config, db)),
    ...examineTexts(config, deps.env),
    ...examinePrices(config),
    ...examineHelp(config),
    ...examineHelp(config),
    ...examineTheme(config),
  ]
  const usable = !findings.some(({ about, state }) => about === 'database' && state === 'broken')
  const store = createDoctorStore(db)
  const asked = usable
    ? [
        ...(await examineSecrets(deps, store)),
        ...(await examineKeys(deps)),
        ...(await examineSeeds({ store: createResealingStore(db), secrets: createSecrets(deps.secrets) })),
        ...(await deps.clientsFile()),
        ...(await examineWork(store, clock.now())),
        await examineAdministrators(store, clock.now()),
      ]
    : []
  return [settingsFinding(config, deps.env), ...findings, ...(await mail), ...asked]
}

// A trial brings its own database: who names one may have given the command only some of the service's settings.
const maybeHalfGiven = ({ trial, databaseUrl }: Config) => trial && databaseUrl !== null

function settingsFinding(config: Config, env: DoctorDeps['env']): Finding {
  const needed = Object.values(settings).filter((one) => 'required' in one && one.required)
  const missing = needed.map(({ name }) => name).filter((name) => !env[name] && !env[`${name}_FILE`])
  if (!maybeHalfGiven(config) || missing.length === 0) return ok('settings', 'all are right')
  return look(
    'settings',
    `taken for a trial on a database of its own choice: without ${missing.join(', ')}`,
    'If this is no trial, give this command all settings of the service.',
  )
}

async function examineDatabase(config: Config, db: Database): Promise<Finding[]> {
  const { reachable, writable, schema, clockSkewSeconds, pooled, reason } = await db.health()
  // 42501, insufficient_privilege: as after a restore by another role (PostgreSQL, Appendix A).
  if (!reachable && reason?.includes('(42501)'))
    return [
      broken(
        'database',
        `refuses the role of DATABASE_URL: ${reason}`,
        'Let that role own the database and its tables: docs/backup.md#restore.',
      ),
    ]
  if (!reachable) return [broken('database', `is not reached: ${reason}`, 'Check DATABASE_URL, and that the server runs.')]
  if (schema === 'behind') return [broken('database', 'lacks migrations of this version', 'Run `doorward migrate`.')]
  if (schema === 'ahead') return [broken('database', 'is newer than this version', 'Run the version that migrated it.')]
  if (!writable) return [broken('database', 'is read-only', 'DATABASE_URL must lead to the primary, not to a replica.')]
  const way = pooled ? ', through a pooler' : ''
  return [ok('database', `is reached${way}, writable and up to date`), clockFinding(config, clockSkewSeconds ?? 0)]
}

function clockFinding({ clockSkewMaxSeconds }: Config, skew: number): Finding {
  const words = `differs from the database's by ${Math.abs(skew).toFixed(1)} s`
  const todo = 'Let both machines keep their time by NTP.'
  if (Math.abs(skew) > clockSkewMaxSeconds)
    return broken('clock', `${words}; CLOCK_SKEW_MAX allows ${clockSkewMaxSeconds} s`, todo)
  return Math.abs(skew) > clockSkewMaxSeconds / 2 ? look('clock', words, todo) : ok('clock', words)
}

type Store = ReturnType<typeof createDoctorStore>

async function examineSecrets({ config, secrets }: DoctorDeps, store: Store): Promise<Finding[]> {
  const deployment = await store.deployment()
  if (!deployment) return [look('secrets', 'the database was not used by a service yet', 'Start one.')]
  const { ids } = createSecrets(secrets)
  const foreign = deployment.issuer !== config.issuer
  const common = deployment.secretIds.filter((id) => ids.includes(id))
  return [
    foreign
      ? broken(
          'issuer',
          `the database belongs to ${deployment.issuer}, and ISSUER is ${config.issuer}`,
          'Use the same ISSUER, or another database.',
        )
      : ok('issuer', config.issuer),
    common.length === 0
      ? broken('secrets', 'no key of SECRETS is one that this database was used with', 'Add the former key behind the new one.')
      : common.length < deployment.secretIds.length
        ? look(
            'secrets',
            'the service was started with keys that are not here',
            'Give all instances and commands the same SECRETS.',
          )
        : ok('secrets', `${ids.length} of them; the database knows ${common.length}`),
    ...passkeyFindings(config, deployment),
  ]
}

//
function passkeyFindings(config: Config, found: NonNullable<Awaited<ReturnType<Store['deployment']>>>): Finding[] {
  const { passkeyDomain: written, passkeys: count } = found
  const asked = passkeyDomainOf(config)
  if (!asked) return count > 0 ? [look('passkeys', `are off, and ${count} were made`, 'PASSKEYS=on lets them work again.')] : []
  if (written === null || written === asked.domain || count === 0) return [ok('passkeys', `are made for ${asked.domain}`)]
  const words = `${count} were made for ${written}, and PASSKEY_DOMAIN is ${asked.domain}`
  return asked.givenUp === written
    ? [look('passkeys', `${words}: they stop working`, 'Leave PASSKEY_DOMAIN as it was to keep them.')]
    : [broken('passkeys', words, `Set PASSKEY_DOMAIN=${written}: no instance starts with another while there are any.`)]
}

async function examineKeys({ config, db, secrets, clock }: DoctorDeps): Promise<Finding[]> {
  if (config.signingKeysFile !== null) return examineKeyFile(config.signingKeysFile)
  // What would be sealed anew at a start stays as it is.
  const store = { ...createKeyStore(db), reseal: async () => {} }
  if ((await store.all()).length === 0) return [look('signing keys', 'there are none yet', 'A first start makes them.')]
  const keys = createKeys({ store, transact: db.transact, secrets: createSecrets(secrets), clock, log: createLog('silent') })
  try {
    return [ok('signing keys', `${(await keys.load()).length}, and all can be opened`)]
  } catch (error) {
    return [broken('signing keys', (error as Error).message, 'Add the key of SECRETS that they were sealed with.')]
  }
}

async function examineKeyFile(path: string): Promise<Finding[]> {
  const fault = (words: string) =>
    broken('signing keys', `${path}: ${words}`, 'Mend SIGNING_KEYS_FILE: no instance starts with it.')
  try {
    const read = await readKeyFile(readFileSync(path, 'utf8'))
    return read.ok ? [ok('signing keys', `${read.keys.length}, from ${path}`)] : read.faults.map(fault)
  } catch (error) {
    return [fault(`cannot be read: ${(error as NodeJS.ErrnoException).code}`)]
  }
}

// Node reads that variable before it reads any file of settings.
const mailAdvice = (words: string) =>
  /\btls$/.test(words)
    ? 'Check the certificate of the mail server; one of an authority of your own needs NODE_EXTRA_CA_CERTS in the environment itself, no file that --env-file reads.'
    : 'Check SMTP_URL: host, port, user, password and TLS.'

async function examineMail(config: Config, log: Log): Promise<Finding[]> {
  if (config.smtpUrls.length === 0) {
    return maybeHalfGiven(config)
      ? [look('mail', 'trial mode: no mail server is asked', 'Give this command all settings of the service, SMTP_URL too.')]
      : [ok('mail', 'trial mode: to the inbox page')]
  }
  const routes = createSmtpRoutes({ urls: config.smtpUrls, log })
  try {
    return await Promise.all(
      routes.map(async (route) =>
        (route.check?.() ?? Promise.resolve()).then(
          () => ok('mail', `${route.name}: connects, with TLS and sign-in as SMTP_URL says; nothing was sent`),
          (error: Error) => broken('mail', `${route.name}: ${error.message}`, mailAdvice(error.message)),
        ),
      ),
    )
  } finally {
    for (const route of routes) await route.close()
  }
}

/** The form of what texts are sent with: whether a provider takes it is known once a text was sent. */
function examineTexts(config: Config, env: DoctorDeps['env']): Finding[] {
  if (config.smsRoutes.length === 0) {
    if (maybeHalfGiven(config))
      return [look('texts', 'trial mode: no route is asked', 'Give this command SMS_ROUTES, if the service has it.')]
    return [ok('texts', config.texts ? 'trial mode: to the inbox page' : 'none are sent')]
  }
  const judge = {
    sns: () =>
      (env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY) ||
      env.AWS_ROLE_ARN ||
      env.AWS_CONTAINER_CREDENTIALS_FULL_URI ||
      env.AWS_PROFILE
        ? null
        : 'no AWS credentials in the environment: those of the machine are used, if it has any',
    twilio: () =>
      /^AC[0-9a-f]{32}$/.test(config.twilioAccountSid ?? '') ? null : 'TWILIO_ACCOUNT_SID is not AC and 32 hexadecimal digits',
    webhook: () => (config.smsWebhookUrl?.startsWith('https:') ? null : 'SMS_WEBHOOK_URL is not https'),
  }
  return [
    ...config.smsRoutes.map((name) => {
      const words = judge[name]()
      return words === null ? ok('texts', `${name} is set up`) : look('texts', `${name}: ${words}`, 'See docs/text-messages.md.')
    }),
  ]
}

function examinePrices(config: Config): Finding[] {
  try {
    pricesFrom(config)
    return []
  } catch (error) {
    const faults = (error as Error).message.split('\n')
    return faults.map((words) => broken('texts', words, 'Mend SMS_PRICES_FILE, or take the setting away.'))
  }
}

function examineHelp({ helpContact }: Config): Finding[] {
  return helpContact === null ? [] : [ok('help', `whoever cannot get in is told of ${helpContact}`)]
}

function examineTheme({ themeDir }: Config): Finding[] {
  if (themeDir === null) return []
  try {
    readTheme(themeDir, VIEWS)
    return [ok('theme', themeDir)]
  } catch (error) {
    if (!(error instanceof ThemeFault)) throw error
    return error.message
      .split('\n')
      .map((words) => broken('theme', words, 'Mend it: no instance starts with it. See docs/theming.md.'))
  }
}

async function examineWork(store: Store, now: Date): Promise<Finding[]> {
  const { late, dead } = await store.jobs(addSeconds(now, -LATE_SECONDS))
  const { waiting, oldest } = await store.messages(addSeconds(now, -WAITING_SECONDS))
  const since = oldest ? ` since ${oldest.toISOString()}` : ''
  return [
    late - dead > 0
      ? look(
          'jobs',
          `${late - dead} are late by more than a minute`,
          'Is a service running, and does it reach DATABASE_DIRECT_URL?',
        )
      : ok('jobs', 'none is late'),
    ...(dead > 0 ? [look('jobs', `${dead} were given up`, 'Their reasons are in the log.')] : []),
    waiting > 0
      ? look('messages', `${waiting} wait for more than five minutes${since}`, 'See `doorward messages list --state deferred`.')
      : ok('messages', 'none waits for long'),
  ]
}

async function examineAdministrators(store: Store, now: Date): Promise<Finding> {
  const { active, strong, invited } = await store.administrators(now)
  if (active === 0) {
    const words = invited > 0 ? 'none yet; one was invited' : 'there is none'
    return look(
      'administrators',
      words,
      'Open the link that the service prints at its start, or run `doorward grant-admin <address>`.',
    )
  }
  if (strong === 0) {
    return look('administrators', `${active}, and none has an authenticator`, 'Sign in at /admin: it is set up on the way.')
  }
  return ok('administrators', `${active}, ${strong} with an authenticator`)
}
