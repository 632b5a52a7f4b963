import { readFileSync } from 'node:fs'
import type { Audit } from './audit/index.ts'
import { type Clock, gaugeIn, type Log, type Metrics, type Secrets, type Transact } from './base/index.ts'
import type { Config } from './config/index.ts'
import { createKeyRing, createKeys, createRotation, createSightings } from './keys/index.ts'
import { createKeyStore, createSightingStore, type Database } from './store/index.ts'

/** What the rest of the house has built by then. */
export interface SigningNeeds {
  config: Config
  db: Database
  secrets: Secrets
  transact: Transact
  audit: Audit
  clock: Clock
  log: Log
  metrics: Metrics
}

/** The job that does what is due about the signing keys. */
const KEYS_TASK = 'keys'

const DAY_SECONDS = 24 * 3600
/** What a token may live beyond its end at whoever checks it, by a clock that is wrong. */
const MARGIN_SECONDS = 3600
const MEASURE_EVERY_MS = 60_000

/** Builds all about the keys that sign tokens: the ring that this process signs with, and their exchange. */
export function signing(needs: SigningNeeds) {
  const { config, db, log, metrics } = needs
  const store = createKeyStore(db)
  const sightingStore = createSightingStore(db)
  const keys = createKeys({ ...needs, store })
  const sightings = createSightings({ ...needs, store: sightingStore })
  const rotation = createRotation({ ...needs, store, sightings: sightingStore, policy: rotationPolicyOf(config) })
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const ring = createKeyRing({ ...needs, keys, file: config.signingKeysFile, readFile })
  const waiting = gaugeIn(metrics, 'doorward_key_rotation_waiting_clients')
  let timer: NodeJS.Timeout | undefined

  async function measure(): Promise<void> {
    try {
      waiting.set((await rotation.state(await keys.list())).waiting.length)
    } catch (err) {
      log.debug({ err }, 'who waits for a signing key could not be counted')
    }
  }

  return {
    keys,
    rotation,
    ring,
    /** For the engine: tells of who asked, and asks how old the keys may be. */
    watched: { tokens: sightings.tokens, keysFetched: sightings.fetch, keysAreFresh: ring.isFresh },
    /** For the administration. */
    desk: { keys, rotation, ofFile: ring.ofFile, policy: rotationPolicyOf(config) },
    tasks: { [KEYS_TASK]: () => rotation.advance() },
    async start(use: Parameters<typeof ring.start>[0]): Promise<void> {
      await ring.start(use)
      sightings.start()
      timer = setInterval(() => void measure(), MEASURE_EVERY_MS)
    },
    async stop(): Promise<void> {
      clearInterval(timer)
      await ring.stop()
      await sightings.stop()
    },
  }
}

export type Signing = ReturnType<typeof signing>

function rotationPolicyOf(config: Config) {
  return {
    everySeconds: config.keyRotationSeconds,
    waitSeconds: config.keyRotationWaitSeconds,
    // ID tokens and JWT access tokens live for a day at most, whatever the settings were when they were signed; an ID token
    // serves as a hint of who signs out as long as the session lasts (RP-Initiated Logout 1.0 §2).
    keepSeconds: Math.max(config.sessionTtlSeconds, DAY_SECONDS) + MARGIN_SECONDS,
    skewMaxSeconds: config.clockSkewMaxSeconds,
    fromFile: config.signingKeysFile !== null,
  }
}
