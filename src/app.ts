import { join } from 'node:path'
import { accountPage } from './account-page.ts'
import { createAccounts, createAddresses, createClosing } from './accounts/index.ts'
import { administration } from './administration.ts'
import { acrNamesOf, lifetimesOf, policyOf, recoveryOf } from './app-settings.ts'
import { createAudit } from './audit/index.ts'
import { type Clock, createSecrets, type Log, type Metrics } from './base/index.ts'
import type { Config } from './config/index.ts'
import { createInbox, createSmtpRoutes } from './delivery/channels/index.ts'
import { createDelivery, createReceiptDesk, DELIVER_TASK, type Delivery } from './delivery/index.ts'
import { addressKey, createCredentialFactors, createFactors, createKeptFactors } from './factors/index.ts'
import { createGuesses, createLimits, createLocalLimits, type PriceTable } from './limits/index.ts'
import { appViewOf, createOidc } from './oidc/index.ts'
import { outboundWays } from './outbound.ts'
import { passkeysOn } from './passkeys.ts'
import { createPerson } from './person.ts'
import { registrations } from './registrations.ts'
import { RESCUE_CRON, rescuing } from './rescuing.ts'
import { RESEAL_CRON, RESEAL_TASK, resealingOn } from './resealing.ts'
import {
  createAssess,
  createComposer,
  createDevices,
  createFlow,
  createKnownBrowsers,
  createProofOfWork,
  createProver,
  createSecondChannel,
  createSecondFactor,
  createTells,
} from './signin/index.ts'
import { signing } from './signing.ts'
import {
  afterCommit,
  createAccountStore,
  createAddressStore,
  createAttemptStore,
  createAuditStore,
  createClosingStore,
  createConsentStore,
  createCredentialStore,
  createDeliveryStore,
  createDeviceStore,
  createGuessStore,
  createLimitStore,
  createOidcRecordStore,
  createQueue,
  createSuppressionStore,
  createSweep,
  type Database,
  END_CLIENT_TASK,
  endClient,
} from './store/index.ts'
import { telling } from './telling.ts'
import { createText, NO_THEME, readTheme } from './text/index.ts'
import { receiptsUrl, textBudget, textRoutes } from './texting.ts'
import { createAssets, createCookies, createReceipts, createSite, networkOf, whoOf } from './web/index.ts'

const VIEWS = join(import.meta.dirname, '..', 'views')
const RESUME_EVERY_MS = 5000
const MEASURE_EVERY_MS = 60_000
// One at a time and after all else: after a leap of the clock each minute that was missed is caught up.
const CRONTAB = `* * * * * sweep ?jobKey=sweep&jobKeyMode=preserve_run_at&priority=10
* * * * * chain ?jobKey=chain&jobKeyMode=preserve_run_at&priority=10
* * * * * keys ?jobKey=keys&jobKeyMode=preserve_run_at&priority=10
${RESEAL_CRON}
${RESCUE_CRON}`

/** What a start has settled beyond the settings: in trial mode some of it is made up. */
export interface AppOptions {
  config: Config
  databaseDirectUrl: string
  secrets: readonly string[]
  demoUrl: string | null
  prices: PriceTable
  /** `AWS_ENDPOINT_URL_SNS`, which the AWS SDK reads as well. */
  snsEndpoint: string | null
  /** What secrets of the clients file are looked up in. */
  env: Readonly<Record<string, string | undefined>>
  db: Database
  clock: Clock
  log: Log
  metrics: Metrics
}

/** Builds every room, by hand and in order, and hands each what it asks for. Nothing is running yet. */
export function createApp(options: AppOptions) {
  const { config, db, clock, log, metrics } = options
  const { transact } = db
  const shared = { clock, log, metrics, transact }
  const secrets = createSecrets(options.secrets)
  const theme = config.themeDir ? readTheme(config.themeDir, VIEWS) : NO_THEME
  const assets = createAssets(join(VIEWS, 'assets'), theme)
  const text = createText({ viewsDir: VIEWS, assets: assets.urls, theme, log })

  const audit = createAudit({ ...shared, store: createAuditStore(db), afterCommit })
  const accounts = createAccounts({
    ...{ store: createAccountStore(db), audit, clock, signup: config.signup },
    phoneProofAgeSeconds: config.phoneProofAgeSeconds,
  })
  const signed = signing({ ...shared, config, db, secrets, audit })
  const registered = registrations({
    keysChanged: signed.ring.look,
    ...{ ...shared, config, db, secrets, audit, env: options.env, databaseDirectUrl: options.databaseDirectUrl },
  })
  const { clients, clientsFile } = registered
  const ways = outboundWays({ ...shared, config, clients, audit })
  const { phoneProofAgeSeconds } = config
  const addresses = createAddresses({ store: createAddressStore(db), audit, clock, phoneProofAgeSeconds })
  const closing = createClosing({ store: createClosingStore(), audit, transact, clock })
  const limits = createLimits({ ...shared, store: createLimitStore(db), secrets, limits: config.limits })
  const localLimits = createLocalLimits({ clock, limits: config.limits })
  const guesses = createGuesses({ store: createGuessStore(db), clock, failuresMax: config.codeFailuresMax })
  const consents = createConsentStore(db)
  const attempts = createAttemptStore(db)
  const factors = createFactors({ secrets, texts: config.texts })
  const knownBrowsers = createKnownBrowsers(secrets)
  const policy = policyOf(config)

  const inbox = config.trial ? createInbox({ clock }) : null
  const noServer = config.smtpUrls.length === 0 && inbox
  const routes = {
    email: noServer ? [noServer.routes.email] : createSmtpRoutes({ urls: config.smtpUrls, log }),
    sms: textRoutes(config, { inbox, log }),
  }
  const budget = textBudget(config, { db, secrets, prices: options.prices, clock, log, metrics })
  const queue = createQueue({
    databaseUrl: options.databaseDirectUrl,
    db,
    log,
    metrics,
    ...{ concurrency: config.workerConcurrency + ways.atOnce, soonAtOnce: config.workerConcurrency },
    crontab: CRONTAB,
    tasks: {
      [DELIVER_TASK]: ({ deliveryId }) => delivery.deliver(String(deliveryId)),
      sweep: () => sweep().then(() => {}),
      ...{ ...signed.tasks, ...ways.tasks(() => oidc) },
      [END_CLIENT_TASK]: ({ clientId }, { signal }) => endClient(db, String(clientId), signal),
      chain: (_payload, { signal }) => administrating.chainJob.advance(signal).then(() => {}),
      [RESEAL_TASK]: (_payload, { signal }) => resealing.run(signal),
      rescues: () => rescues.tick(),
    },
  })
  const sweep = createSweep({ db, clock, log, metrics, eraseAccounts: closing.erase })
  const told = telling({ ...shared, config, db, addresses, clients, secrets, audit, text, delivery: () => delivery })
  const { notices, deaths } = told
  const composeChallenge = createComposer({
    ...{ store: attempts, accounts, clients, factors, text, secrets, appViewOf },
    issuer: config.issuer,
    ...{ codeTtlSeconds: policy.codeTtlSeconds, failuresMax: policy.failuresMax },
  })
  const delivery: Delivery = createDelivery({
    ...shared,
    store: createDeliveryStore(db, { capSeconds: policy.codeCapSeconds, ttlSeconds: policy.codeTtlSeconds }),
    suppressions: createSuppressionStore(),
    spend: budget,
    addressKey: (address) => addressKey(secrets, address),
    ...{ enqueue: queue.add, soon: queue.soon, hasPlace: queue.hasPlace },
    compose: (due) => (due.challengeId ? composeChallenge(due) : told.compose(due)),
    died: deaths.died,
    ...{ from: config.mailFrom, routes, jobsAtOnce: config.workerConcurrency, audit },
  })

  const credentials = createCredentialStore(db)
  const credentialFactors = createCredentialFactors({ secrets, clock })
  const resealing = resealingOn({ ...shared, db, secrets, audit, queue, totp: credentialFactors.totp })
  const kept = createKeptFactors({ store: credentials, ...credentialFactors, clock })
  const devices = createDevices({ store: createDeviceStore(db), clock, rememberSeconds: config.deviceRememberSeconds })
  const signIn = {
    ...shared,
    store: attempts,
    factors,
    texts: config.texts ? budget : null,
    delivery,
    limits,
    guesses,
    knownBrowsers,
    audit,
    secrets,
    policy,
    accounts,
  }
  const flow = createFlow(signIn)
  const rescues = rescuing({ config, db, signIn, accounts, addresses, devices, notices, text })
  const tells = createTells({ notices, audit, knownBrowsers })
  const assess = createAssess({ ...signIn, credentials, devices, tells, deaths, rescues, passkeys: config.passkeys === 'on' })
  const second = { ...signIn, flow, assess, devices, rescues }
  const passkeys = passkeysOn({ ...second, config, db, credentials, kept, tells })
  const cookies = createCookies(config.issuer.startsWith('https:'))
  const oidc = createOidc({
    ...{ consents, clients, accounts, audit, text, secrets, clock, log, whoOf, networkOf, ...ways.given },
    secretGuesses: localLimits.of('token-ip'),
    ...{ acrNames: acrNamesOf(config), recovery: recoveryOf(config) },
    secondFactor: config.secondFactor,
    texts: config.texts,
    deviceIsRemembered: (ctx, accountId) => devices.isRemembered(cookies.device(ctx), accountId),
    issuer: config.issuer,
    lifetimes: lifetimesOf(config),
    store: createOidcRecordStore(db),
    watched: signed.watched,
  })
  const receiptDesk = createReceiptDesk({
    take: delivery.receipt,
    snsTopics: config.snsTopics,
    snsEndpoint: options.snsEndpoint,
    twilioUrl: receiptsUrl(config),
    twilioAuthToken: config.smsRoutes.includes('twilio') ? config.twilioAuthToken : null,
    secret: config.receiptsSecret,
    clock,
    log,
  })
  const person = createPerson({ db, accounts, addresses, clients, kept, clock })
  const worstCase = config.texts ? budget.worstCase() : null
  const administrating = administration({
    ...{ ...shared, config, db, registered, ...told, rescues, delivery, text, secrets, audit, localLimits },
    signing: signed,
    budget: config.texts ? { microsPerDay: config.smsBudget.all, currency: options.prices.currency } : null,
    chainSoon: () => transact((tx) => queue.add(tx, 'chain', {}, { key: 'chain' })),
  })
  const site = createSite({
    ...{ oidc, rescues, delivery, consents, accounts, clients, localLimits, audit, text, secrets, knownBrowsers, ...shared },
    issuer: config.issuer,
    trustedProxies: config.trustedProxies,
    bodyMaxBytes: config.bodyMaxBytes,
    triesMax: policy.triesMax,
    signupOpen: config.signup.kind !== 'closed',
    relatedOrigins: config.passkeys === 'on' ? config.passkeyOrigins : [],
    ...{ texts: config.texts, helpContact: config.helpContact },
    phoneCountry: config.phoneCountry,
    smsCountries: config.smsCountries,
    trial: config.trial ? { inbox: usesInbox(config) ? inbox : null, demoUrl: options.demoUrl } : null,
    receipts: createReceipts({ desk: receiptDesk }),
    serveAsset: assets.serve,
    flow,
    prover: createProver({ ...signIn, assess }),
    secondFactor: createSecondFactor({ ...second, credentials, credentialFactors, kept }),
    secondFactorPolicy: config.secondFactor,
    passkeys,
    devices,
    secondChannel: createSecondChannel(signIn),
    proofOfWork: createProofOfWork({ secrets, clock }),
    account: accountPage({
      ...{ config, db, addresses, closing, kept, passkeys, notices, deaths, person, rescues, signIn, ...shared },
      audit,
    }),
    console: administrating.console,
    adminApi: config.adminPort === null ? administrating.api : null,
  })

  const timers: NodeJS.Timeout[] = []

  /** Takes signing keys into service, starts the queue and takes up what a crash left behind. */
  async function start(): Promise<void> {
    await ways.start()
    await signed.start(oidc.useKeys)
    await queue.start()
    timers.push(await resealing.begin())
    await registered.changes.start()
    clientsFile.watch()
    const resume = () => void delivery.resume().catch((err) => log.warn({ err }, 'waiting messages could not be taken up'))
    const measure = () => void budget.measure().catch((err) => log.warn({ err }, 'the spend of texts could not be read'))
    resume()
    timers.push(setInterval(resume, RESUME_EVERY_MS))
    if (!config.texts) return
    measure()
    timers.push(setInterval(measure, MEASURE_EVERY_MS))
  }

  const started = (version: string) => audit.note('service.started', { detail: { version } })

  /** Lets running jobs end. The server has been closed before, the database is closed after. */
  async function stop(): Promise<void> {
    for (const timer of timers) clearInterval(timer)
    await clientsFile.stop()
    await registered.changes.stop()
    await queue.stop()
    await ways.stop()
    await signed.stop()
    for (const route of [...routes.email, ...routes.sms]) await route.close()
  }

  const { admin, first, adminSite } = administrating
  const inPlace = { audit, composeChallenge }
  const known = { secretIds: secrets.ids, worstCase }
  return { site, adminSite, admin, first, registered, inPlace, start, started, endJobs: queue.stop, stop, ...known }
}

export type App = ReturnType<typeof createApp>

/** Whether something lands in the trial's inbox. */
function usesInbox(config: Config): boolean {
  return config.smtpUrls.length === 0 || config.smsRoutes.length === 0
}
