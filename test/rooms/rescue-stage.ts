import { join } from 'node:path'
import { createAccounts, createAddresses, createDeaths } from '../../src/accounts/index.ts'
import { createAudit } from '../../src/audit/index.ts'
import { type Address, addSeconds, createMetrics, createSecrets, newId } from '../../src/base/index.ts'
import { createCredentialFactors, createFactors, createKeptFactors, createPasskeyFactor } from '../../src/factors/index.ts'
import { createGuesses, createLimits } from '../../src/limits/index.ts'
import { createNotices } from '../../src/notices/index.ts'
import { rescuing } from '../../src/rescuing.ts'
import {
  type Asker,
  type Attempt,
  createAssess,
  createDevices,
  createFlow,
  createKnownBrowsers,
  createPasskeys,
  createProver,
  createSecondFactor,
  createTells,
  type FlowDeps,
  type Requirement,
} from '../../src/signin/index.ts'
import {
  afterCommit,
  createAccountStore,
  createAddressStore,
  createAttemptStore,
  createAuditStore,
  createCeremonyStore,
  createCredentialStore,
  createDeathStore,
  createDeviceStore,
  createGuessStore,
  createLimitStore,
  createNoticeStore,
  type Database,
} from '../../src/store/index.ts'
import { createText } from '../../src/text/index.ts'
import { query } from '../support/database.ts'
import { createSoftwarePasskey, type SoftwarePasskey } from '../support/software-passkey.ts'
import { asker as anyone, POLICY } from './address-proof-stage.ts'
import { type Env, read } from './config-samples.ts'
import { NUMBER, onEnd, START, stage, TO } from './delivery-stage.ts'
import { open, silent } from './store-support.ts'
import { codeOf } from './totp-support.ts'

export const HOUR = 3600
export const DAY = 86_400
export const DELAY = 48 * HOUR
/** The account is older than any hold-off. */
const BEFORE = addSeconds(START, -100 * DAY)
/** Where the passkeys of these tests are. */
const ISSUER = 'https://id.northwind.example'
const HERE = { origin: ISSUER }
const ANYTHING = { secondFactor: 'optional', acr: null } as const
const MANY = { count: 1000, windowSeconds: 900 }
const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} })

export const asker: Asker = { ...anyone, device: 'Firefox on Linux' }

/** Everything that a rescue goes through, on one database, seen by two instances, with a clock that only `wait` moves. */
export async function rescueStage(env: Env = {}) {
  const around = await stage()
  const { db, clock, url, delivery, now, wait } = around
  const other = open(url)
  onEnd(() => other.close())
  // The tests' clock is far from the database's.
  const config = read({ CLOCK_SKEW_MAX: '1000000000s', ...env })
  const secrets = createSecrets(['a secret of at least thirty-two characters'])
  const factors = createFactors({ secrets, texts: true })
  const credentialFactors = createCredentialFactors({ secrets, clock })
  const { phoneProofAgeSeconds } = config

  function roomsOn(on: Database) {
    const shared = { clock, log: silent, metrics: createMetrics() }
    const { transact } = on
    const audit = createAudit({ ...shared, store: createAuditStore(on), afterCommit })
    const accounts = createAccounts({
      ...{ store: createAccountStore(on), audit, clock, signup: { kind: 'open' as const }, phoneProofAgeSeconds },
    })
    const addresses = createAddresses({ store: createAddressStore(on), audit, clock, phoneProofAgeSeconds })
    const credentials = createCredentialStore(on)
    const kept = createKeptFactors({ store: credentials, ...credentialFactors, clock })
    const devices = createDevices({ store: createDeviceStore(on), clock, rememberSeconds: 30 * DAY })
    const notices = createNotices({
      ...{ store: createNoticeStore(on), addresses, secrets, text, texts: true, clock, queue: delivery.queue },
      ...{ issuer: ISSUER, objectSeconds: config.addressHoldSeconds },
      appNameOf: async () => 'Shop',
    })
    const limits = createLimits({
      ...{ ...shared, store: createLimitStore(on), secrets },
      limits: new Proxy({} as never, { get: (_all, name) => (name === 'rescue' ? config.limits.rescue : MANY) }),
    })
    const knownBrowsers = createKnownBrowsers(secrets)
    const signIn: FlowDeps = {
      ...{ store: createAttemptStore(on), transact, factors, delivery, limits, accounts, knownBrowsers, audit, secrets, clock },
      texts: { gate: async () => 'open', proven: async () => {} },
      guesses: createGuesses({ store: createGuessStore(on), clock, failuresMax: POLICY.failuresMax }),
      policy: POLICY,
    }
    const rescues = rescuing({ config: { ...config, texts: true }, db: on, signIn, accounts, addresses, devices, notices, text })
    const deaths = createDeaths({ store: createDeathStore(), audit, clock, tell: async () => {} })
    const tells = createTells({ notices, audit, knownBrowsers })
    const assess = createAssess({ ...signIn, credentials, devices, deaths, tells, rescues, passkeys: true })
    const flow = createFlow(signIn)
    const second = createSecondFactor({
      ...{ ...signIn, accounts, flow, assess, credentials, kept, credentialFactors, devices, rescues },
    })
    const factor = createPasskeyFactor({ domain: new URL(ISSUER).host, origins: [ISSUER], name: 'Northwind' })
    const passkeys = createPasskeys({
      ...{
        ...signIn,
        factor,
        ceremonies: createCeremonyStore(on),
        accounts,
        flow,
        assess,
        credentials,
        kept,
        devices,
        tells,
        rescues,
      },
    })
    const prover = createProver({ ...signIn, accounts, assess, log: silent })
    return {
      ...{ on, accounts, addresses, credentials, kept, devices, notices, rescues, flow, second, passkeys, prover },
      store: signIn.store,
    }
  }

  const one = roomsOn(db)
  const two = roomsOn(other)
  type Rooms = typeof one
  let interactions = 0

  /** Somebody with these addresses and an authenticator app; its seed. */
  async function person(addresses: readonly Address[] = [TO], more: { since?: Date; role?: string } = {}) {
    const id = newId()
    const sql = `insert into account (id, profile, locale, created_at, role) values ($1, '{}', 'en', $2, $3)`
    await query(url, sql, [id, BEFORE, more.role ?? null])
    for (const address of addresses) await addAddress(id, address, more.since ?? BEFORE)
    return { id, seed: await addApp(id) }
  }

  async function addAddress(id: string, address: Address, since: Date): Promise<void> {
    const kind = address.includes('@') ? 'email' : 'phone'
    const sql = `insert into address (kind, canonical, account_id, usable_from, proven_at, created_at) values ($1, $2, $3, $4, $5, $4)`
    await query(url, sql, [kind, address, id, since, START])
  }

  async function addApp(id: string): Promise<string> {
    await db.transact((tx) => one.kept.begin(tx, id, 'session'))
    const credential = (await one.kept.unproven(id, 'session', now())) as NonNullable<
      Awaited<ReturnType<typeof one.kept.unproven>>
    >
    const seed = one.kept.shown(credential, id, '', 'x').key.replaceAll(' ', '')
    const counter = await one.kept.judgeFirst(credential, id, codeOf(seed, now().getTime() / 1000))
    await db.transact((tx) => one.kept.confirm(tx, id, credential.id, counter ?? 0n, 'Phone'))
    return seed
  }

  /** A passkey as it is added on the account page: a way in, and no demand. */
  async function addPasskey(id: string, passkey: SoftwarePasskey = createSoftwarePasskey()): Promise<SoftwarePasskey> {
    const account = await one.accounts.find(id)
    if (!account) throw new Error('no account')
    const response = passkey.create(await one.passkeys.enrolOptions('account-session', account), HERE)
    const verified = await one.passkeys.verifyEnrolment('account-session', id, response)
    const added = verified && (await db.transact((tx) => one.passkeys.addPasskey(tx, id, verified, 'Key')))
    if (added?.outcome !== 'added') throw new Error(`not added: ${added?.outcome}`)
    return passkey
  }

  const reload = async ({ interactionUid }: Pick<Attempt, 'interactionUid'>, on: Rooms = one) =>
    (await on.flow.history(interactionUid))[0] as Attempt

  /** A sign-in in which this address was proven. */
  async function proved(address: Address = TO, as = asker, requirement: Requirement = ANYTHING): Promise<Attempt> {
    const interactionUid = `interaction-${++interactions}`
    const offer = one.flow.readIdentifier(address, ['DE'])
    if (offer === null || offer === 'unfit') throw new Error('the address takes no message')
    await one.flow.start({ interactionUid, clientId: 'shop' }, offer, requirement, as)
    return proveOpen(await reload({ interactionUid }), offer.kind, as)
  }

  /** Answers the attempt's open message of this kind. */
  async function proveOpen(attempt: Attempt, kind: string, as = asker): Promise<Attempt> {
    const challenge = attempt.challenges.find((each) => each.kind === kind)
    if (!challenge) throw new Error(`nothing was sent by ${kind}`)
    const { shortCode } = (factors.get(kind) as NonNullable<ReturnType<typeof factors.get>>).answers(challenge)
    await one.prover.answerCode(attempt, challenge, shortCode, as)
    return reload(attempt)
  }

  /** The same with the look that each minute brings: what is over is told. */
  const waited = (seconds: number) => {
    wait(seconds)
    return one.rescues.tick()
  }

  /** Begins a rescue by the mailbox, in a sign-in of its own; what came of it. */
  const begin = async (address: Address = TO, as = asker) => one.rescues.begin(await proved(address, as), as)

  /** Takes up a rescue and begins an app in it: what it takes to finish. */
  async function takenUp(attempt: Attempt) {
    const may = await one.rescues.takeUp(attempt)
    const fresh = await reload(attempt)
    await one.second.beginEnrolment(fresh)
    const key = (await one.second.enrolment(fresh, 'x'))?.key.replaceAll(' ', '') ?? null
    const finish = (on: Rooms = one) => on.second.confirmEnrolment(fresh, codeOf(key ?? '', now().getTime() / 1000), 'New', asker)
    /** The same by a passkey. */
    const finishByPasskey = async () => {
      const options = await one.passkeys.setUpOptions(fresh)
      if (!options) throw new Error('no passkey may be set up')
      return one.passkeys.confirmEnrolment(fresh, createSoftwarePasskey().create(options, HERE), 'New', asker)
    }
    return { may, attempt: fresh, key, finish, finishByPasskey }
  }

  const rows = <Row>(sql: string, values: readonly unknown[] = []) => query<Row>(url, sql, values)
  const count = async (from: string, values: readonly unknown[] = []) =>
    Number((await rows<{ n: string }>(`select count(*) as n from ${from}`, values))[0]?.n)
  /** Kinds of notices of the account, oldest first. */
  const told = async (id: string) =>
    (
      await rows<{ kind: string }>('select kind from notice where account_id = $1 order by created_at, xmin::text::bigint', [id])
    ).map(({ kind }) => kind)
  const state = async (id: string) =>
    (await rows<{ state: string }>('select state from rescue where account_id = $1 order by started_at', [id])).map(
      (row) => row.state,
    )
  const events = async (id: string) =>
    (
      await rows<{ event: string }>(
        `select event from audit_entry where account_id = $1 and event like 'rescue.%' or account_id = $1 and event = 'administrator.revoked' order by id`,
        [id],
      )
    ).map(({ event }) => event)

  return {
    ...{ url, one, two, now, wait, waited, config, secrets, clock },
    ...{ person, addAddress, addApp, addPasskey, proved, proveOpen, reload, begin, takenUp, rows, count, told, state, events },
  }
}

export const EMAIL = TO
export const PHONE = NUMBER
