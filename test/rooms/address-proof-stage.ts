import { join } from 'node:path'
import { createAccounts, createDeaths } from '../../src/accounts/index.ts'
import { createAudit } from '../../src/audit/index.ts'
import { addSeconds, createMetrics, createSecrets, type EmailAddress, newId, type PhoneNumber } from '../../src/base/index.ts'
import { DEFAULT_LIMITS, type LimitName } from '../../src/config/index.ts'
import type { Composed, DueDelivery } from '../../src/delivery/index.ts'
import { addressKey, createFactors } from '../../src/factors/index.ts'
import { createGuesses, createLimits } from '../../src/limits/index.ts'
import {
  type Asker,
  createAddressProof,
  createAssess,
  createComposer,
  createDevices,
  createFlow,
  createKnownBrowsers,
  createProver,
  type FlowDeps,
} from '../../src/signin/index.ts'
import { createAccountStore } from '../../src/store/accounts.ts'
import { createAuditStore } from '../../src/store/audit.ts'
import { afterCommit } from '../../src/store/database.ts'
import {
  createAttemptStore,
  createCredentialStore,
  createDeathStore,
  createDeviceStore,
  createGuessStore,
  createLimitStore,
  type Database,
} from '../../src/store/index.ts'
import { createText } from '../../src/text/index.ts'
import { query } from '../support/database.ts'
import { NUMBER, onEnd, START, stage, TO } from './delivery-stage.ts'
import { open, silent } from './store-support.ts'

export const ISSUER = 'https://id.northwind.example'
export const POLICY = {
  codeTtlSeconds: 600,
  codeCapSeconds: 900,
  messagesMax: 3,
  triesMax: 5,
  failuresMax: 20,
  resendWaitSeconds: 30,
  proofOfWork: 'texts',
} as const
export const EMAILS_MAX = 5
export const WANTED_MAX = 8
export const PASSKEYS_ASKED_MAX = 250
const COUNTS: Record<string, number> = {
  email: EMAILS_MAX,
  'account-address': WANTED_MAX,
  'passkey-ip': PASSKEYS_ASKED_MAX,
}
const LIMITS = Object.fromEntries(
  Object.keys(DEFAULT_LIMITS).map((name) => [name, { count: COUNTS[name] ?? 1000, windowSeconds: 900 }]),
) as Record<LimitName, { count: number; windowSeconds: number }>
const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} })

/** What is sent, with the code that stands in it. */
export interface Sent {
  channel: Composed['channel']
  words: string
  code: string
  link: string | null
}

type Gate = Awaited<ReturnType<NonNullable<FlowDeps['texts']>['gate']>>

/** Attempts of both purposes on one database, seen by two instances, with a clock that only `wait` moves. */
export async function attemptsStage() {
  const around = await stage()
  const { db, clock, url, delivery } = around
  const other = open(url)
  onEnd(() => other.close())
  const secrets = createSecrets(['a secret of at least thirty-two characters'])
  const factors = createFactors({ secrets, texts: true })
  let gate: Gate = 'open'
  const proven: PhoneNumber[] = []

  function roomsOn(on: Database) {
    const metrics = createMetrics()
    const shared = { clock, log: silent, metrics }
    const audit = createAudit({ ...shared, store: createAuditStore(on), afterCommit })
    const accounts = createAccounts({
      ...{ store: createAccountStore(on), audit, clock, signup: { kind: 'open' as const }, phoneProofAgeSeconds: 180 * 86_400 },
    })
    const guesses = createGuesses({ store: createGuessStore(on), clock, failuresMax: POLICY.failuresMax })
    const store = createAttemptStore(on)
    const deps: FlowDeps = {
      store,
      transact: on.transact,
      factors,
      texts: { gate: async () => gate, proven: async (number) => void proven.push(number) },
      delivery,
      limits: createLimits({ ...shared, store: createLimitStore(on), secrets, limits: LIMITS }),
      guesses,
      accounts,
      knownBrowsers: createKnownBrowsers(secrets),
      audit,
      secrets,
      clock,
      policy: POLICY,
    }
    const devices = createDevices({ store: createDeviceStore(on), clock, rememberSeconds: 0 })
    const deaths = createDeaths({ store: createDeathStore(), audit, clock, tell: async () => {} })
    const assess = createAssess({
      ...deps,
      credentials: createCredentialStore(on),
      devices,
      deaths,
      passkeys: true,
      rescues: { found: async () => {} },
      tells: async () => {},
    })
    return {
      on,
      deps,
      deaths,
      assess,
      store,
      accounts,
      guesses,
      flow: createFlow(deps),
      prover: createProver({ ...deps, accounts, assess, log: silent }),
      proof: createAddressProof({ ...deps, clientId: 'account', log: silent }),
      compose: createComposer({
        ...{ store, accounts, factors, text, secrets, issuer: ISSUER },
        ...{ codeTtlSeconds: POLICY.codeTtlSeconds, failuresMax: POLICY.failuresMax },
        clients: { find: async (id) => ({ id, metadata: { client_name: 'Shop' } }) as never },
        appViewOf: () => ({ name: 'Shop', letter: 'S' }),
      }),
    }
  }

  const one = roomsOn(db)
  const two = roomsOn(other)
  const accountId = newId()
  const accountCreatedAt = addSeconds(START, -30 * 86_400)
  await query(url, `insert into account (id, profile, locale, created_at) values ($1, '{}', 'en', $2)`, [
    accountId,
    accountCreatedAt,
  ])

  /** The message that was queued last, as the worker would send it. */
  async function newest(): Promise<Sent> {
    const [row] = await query<DueDelivery>(
      url,
      `select id, channel, challenge_id as "challengeId", notice_id as "noticeId", message, target, locale
       from delivery order by created_at desc, xmin::text::bigint desc limit 1`,
    )
    const composed = row && (await one.compose(row))
    if (!composed) throw new Error('nothing is to be sent')
    const words = composed.channel === 'email' ? `${composed.subject}\n${composed.text}\n${composed.html}` : composed.text
    return { channel: composed.channel, words, code: composed.facts?.code ?? '', link: composed.facts?.link ?? null }
  }

  const count = async (from: string, values: readonly unknown[] = []) =>
    Number((await query<{ n: string }>(url, `select count(*) as n from ${from}`, values))[0]?.n)

  return {
    ...around,
    one,
    two,
    secrets,
    proven,
    accountId,
    /** Who wants an address in this account session. */
    wanting: (accountSessionId: string, createdAt = accountCreatedAt) => ({
      ...{ accountSessionId, accountId, accountCreatedAt: createdAt },
    }),
    newest,
    count,
    keyOf: (address: EmailAddress | PhoneNumber) => addressKey(secrets, address),
    setGate: (wanted: Gate) => {
      gate = wanted
    },
    at: (seconds: number) => addSeconds(START, seconds),
  }
}

export type AttemptsStage = Awaited<ReturnType<typeof attemptsStage>>

export const asker: Asker = {
  ...{ ipSubject: '203.0.113.7', knownCookie: undefined, device: 'Firefox on Linux', locale: 'en', countries: ['DE'] },
  ...{ deviceToken: undefined, who: {} },
}

export const EMAIL = TO
export const PHONE = NUMBER
/** A code of six digits that is not this one. */
export const wrong = (right: string) => (right === '000000' ? '999999' : '000000')
