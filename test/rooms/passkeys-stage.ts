import { join } from 'node:path'
import { createAddresses } from '../../src/accounts/index.ts'
import { addSeconds, newId, type Proof } from '../../src/base/index.ts'
import {
  type CreationOptions,
  createCredentialFactors,
  createKeptFactors,
  createPasskeyFactor,
  type RequestOptions,
} from '../../src/factors/index.ts'
import { createNotices, type ToTell } from '../../src/notices/index.ts'
import { rescuing } from '../../src/rescuing.ts'
import {
  type Asker,
  type Attempt,
  createAssess,
  createDevices,
  createFlow,
  createPasskeys,
  createSecondFactor,
  createTells,
  nextStep,
  type Requirement,
} from '../../src/signin/index.ts'
import {
  createAddressStore,
  createCeremonyStore,
  createCredentialStore,
  createDeviceStore,
  createNoticeStore,
} from '../../src/store/index.ts'
import { createText } from '../../src/text/index.ts'
import { query } from '../support/database.ts'
import { type Ceremony, createSoftwarePasskey, type SoftwarePasskey } from '../support/software-passkey.ts'
import { asker, attemptsStage, EMAIL, ISSUER, PASSKEYS_ASKED_MAX, POLICY } from './address-proof-stage.ts'
import { read } from './config-samples.ts'
import { START } from './delivery-stage.ts'

export const RP_ID = new URL(ISSUER).host
export const RELATED = 'https://northwind.test'
export const NOTHING: Requirement = { secondFactor: 'optional', acr: null }
export const here: Ceremony = { origin: ISSUER }
const config = { ...read({}), texts: true }
const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} })

type Part = Awaited<ReturnType<typeof attemptsStage>>['one']

/** Passkeys in sign-ins on one database, seen by two instances, with a clock that only `wait` moves. */
export async function passkeysStage() {
  const around = await attemptsStage()
  const { url, clock, secrets, accountId } = around
  const told: ToTell[] = []
  await query(url, `insert into address (account_id, kind, canonical, proven_at, created_at) values ($1, 'email', $2, $3, $3)`, [
    accountId,
    EMAIL,
    addSeconds(START, -86_400),
  ])

  function passkeysOf({ on, deps, deaths, accounts }: Part) {
    const { audit, knownBrowsers } = deps
    const credentials = createCredentialStore(on)
    const credentialFactors = createCredentialFactors({ secrets, clock })
    const kept = createKeptFactors({ store: credentials, ...credentialFactors, clock })
    const devices = createDevices({ store: createDeviceStore(on), clock, rememberSeconds: 86_400 })
    const { phoneProofAgeSeconds } = config
    const addresses = createAddresses({ store: createAddressStore(on), audit, clock, phoneProofAgeSeconds })
    const notices = createNotices({
      ...{ store: createNoticeStore(on), addresses, secrets, text, texts: true, clock, queue: deps.delivery.queue },
      ...{ issuer: ISSUER, objectSeconds: config.addressHoldSeconds, appNameOf: async () => 'Shop' },
    })
    const rescues = rescuing({ config, db: on, signIn: deps, accounts, addresses, devices, notices, text })
    const tells = createTells({ notices: { tell: async (_tx, one) => told.push(one) > 0 }, audit, knownBrowsers })
    const assess = createAssess({ ...deps, credentials, devices, tells, deaths, rescues, passkeys: true })
    const flow = createFlow(deps)
    const both = { ...deps, accounts, flow, assess, devices, rescues, credentials, kept }
    const factor = createPasskeyFactor({ domain: RP_ID, origins: [ISSUER, RELATED], name: RP_ID })
    return {
      ...{ on, knownBrowsers, credentials, kept, devices, assess, flow },
      second: createSecondFactor({ ...both, credentialFactors }),
      passkeys: createPasskeys({ ...both, factor, tells, ceremonies: createCeremonyStore(on) }),
    }
  }

  const one = passkeysOf(around.one)
  const two = passkeysOf(around.two)

  const purpose = (interactionUid = newId()) => ({ interactionUid, clientId: 'shop' })

  async function attemptOf(interactionUid: string): Promise<Attempt> {
    const [attempt] = await one.flow.history(interactionUid)
    if (!attempt) throw new Error('no attempt was begun')
    return attempt
  }

  /** An account of its own, with an email address. */
  async function newAccount(email = `${newId().toLowerCase()}@fabrikam.example`): Promise<string> {
    const id = newId()
    const at = addSeconds(START, -86_400)
    await query(url, `insert into account (id, profile, locale, created_at) values ($1, '{}', 'en', $2)`, [id, at])
    await query(
      url,
      `insert into address (account_id, kind, canonical, proven_at, created_at) values ($1, 'email', $2, $3, $3)`,
      [id, email, at],
    )
    return id
  }

  /** A passkey of this account, set up as on the account page. */
  async function enrolled(of = accountId, passkey: SoftwarePasskey = createSoftwarePasskey(), label = 'Phone') {
    const added = await enrol(of, (options) => passkey.create(options, here), label)
    if (added?.outcome !== 'added') throw new Error(`not added: ${added?.outcome}`)
    return Object.assign(passkey, { credentialId: added.credentialId })
  }

  async function enrol(
    of: string,
    make: (options: CreationOptions) => string,
    label = '',
    begunBy = `account-session ${newId()}`,
  ) {
    const account = await accountOf(of)
    const verified = await one.passkeys.verifyEnrolment(begunBy, of, make(await one.passkeys.enrolOptions(begunBy, account)))
    return verified && one.on.transact((tx) => one.passkeys.addPasskey(tx, of, verified, label))
  }

  /** A whole first step: asks, lets the passkey sign, answers. */
  async function signIn(
    make: (options: RequestOptions) => string,
    {
      requirement = NOTHING,
      by = asker,
      interactionUid = newId(),
    }: { requirement?: Requirement; by?: Asker; interactionUid?: string } = {},
  ) {
    const where = purpose(interactionUid)
    const response = make(await one.passkeys.signInOptions(where, by))
    const outcome = await one.passkeys.answerSignIn(where, requirement, response, by)
    return { outcome, interactionUid, response }
  }

  /** An attempt in which something was proven already, as if by a message. */
  async function provenBy(kind: string, requirement: Requirement = NOTHING, of = accountId): Promise<Attempt> {
    const session = { accountId: of, requirement, proofs: [] }
    const begun = await one.flow.beginFromSession(purpose(), session, asker)
    const account = await accountOf(of)
    const proof: Proof = { kind, amr: [`${kind}_code`], level: 1, at: clock.now().toISOString() }
    await one.on.transact((tx) => one.assess.record(tx, begun, account, [proof], asker))
    return attemptOf(begun.interactionUid)
  }

  async function accountOf(id: string) {
    const account = await around.one.accounts.find(id)
    if (!account) throw new Error('no account')
    return account
  }

  return {
    ...around,
    accountOf,
    asker,
    ...{ one, two, told, purpose, attemptOf, newAccount, enrolled, enrol, signIn, provenBy },
    step: async (interactionUid: string) => nextStep(await attemptOf(interactionUid), clock.now()),
    events: async (event: string) =>
      (await query<{ n: number }>(url, 'select count(*)::int as n from audit_entry where event = $1', [event]))[0]?.n ?? 0,
    triesMax: POLICY.triesMax,
    asksMax: PASSKEYS_ASKED_MAX,
  }
}

export type PasskeysStage = Awaited<ReturnType<typeof passkeysStage>>
