import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { createMetrics, createSecrets, Refusal } from '../../src/base/index.ts'
import { createKeyRing, createKeys } from '../../src/keys/index.ts'
import { readKeyFile } from '../../src/keys/key-file.ts'
import { JWKS_MAX_AGE_SECONDS, mayActivateFrom } from '../../src/keys/rotation-steps.ts'
import { createKeyStore } from '../../src/store/index.ts'
import { freshDatabase } from '../support/database.ts'
import { closeAll, eventually, listeningLog, open } from './store-support.ts'

const secrets = createSecrets(['of the tests, and long enough to be one'])
const PATH = '/run/secrets/signing-keys.json'

let ec: JWK
let otherEc: JWK
let rsa: JWK
let smallRsa: JWK

beforeAll(async () => {
  const made = async (alg: string, modulusLength = 2048) =>
    exportJWK((await generateKeyPair(alg, { extractable: true, modulusLength })).privateKey)
  ec = await made('ES256')
  otherEc = await made('ES256')
  rsa = await made('RS256')
  const { generateKeyPairSync } = await import('node:crypto')
  smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' }) as JWK
})
const rings: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const ring of rings.splice(0)) await ring.stop()
})
afterAll(closeAll)

const file = (...keys: object[]) => JSON.stringify({ keys })

describe('a file of signing keys', () => {
  test('needs no more than the keys: names and uses are filled in', async () => {
    const read = await readKeyFile(file({ ...ec, kid: 'mine' }, rsa, otherEc))
    if (!read.ok) throw new Error(read.faults.join())
    expect(read.keys.map(({ kid, use, alg }) => [kid, use, alg])).toEqual([
      ['mine', 'sig', 'ES256'],
      [expect.stringMatching(/^[\w-]{43}$/), 'sig', 'RS256'],
      [expect.stringMatching(/^[\w-]{43}$/), 'sig', 'ES256'],
    ])
  })

  test('R-045 an RSA key that anybody could sign with, or that signs for ever, is none', async () => {
    const faultsOf = async (key: object) => {
      const read = await readKeyFile(file(ec, key))
      return read.ok ? [] : read.faults
    }
    // With the exponent 1 the signature is the padded hash, and the halves fit.
    const one = { ...rsa, e: 'AQ', d: 'AQ', dp: 'AQ', dq: 'AQ' }
    expect(await faultsOf(one)).toEqual(['key 2: has the public exponent 1: at least 65537 is needed'])
    const { generateKeyPairSync } = await import('node:crypto')
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })
    expect((await faultsOf(privateKey.export({ format: 'jwk' })))[0]).toContain('has the public exponent 3')
    const huge = Buffer.alloc(1025, 255).toString('base64url')
    expect(await faultsOf({ ...rsa, n: huge })).toEqual(['key 2: has 8200 bits: at most 8192 can be used'])
  })

  test('F-40 tells all that is wrong at once, and nothing of a key', async () => {
    const { d, ...half } = ec
    const read = await readKeyFile(
      file(
        { kty: 'oct', k: 'c2VjcmV0' },
        half,
        { ...ec, alg: 'ES384', use: 'enc' },
        { ...ec, d: otherEc.d },
        smallRsa,
        { ...ec, kid: 'a' },
        { ...otherEc, kid: 'a' },
        { ...ec, crv: 'P-384' },
        { kty: 'OKP' },
        { ...rsa, n: 'AQAB' },
      ),
    )
    if (read.ok) throw new Error('it was taken')
    expect(read.faults).toEqual([
      'key 1: is symmetric: whoever could check a token could make one',
      'key 2: lacks d: the private part is needed',
      'key 3: alg must be ES256',
      'key 3: use must be sig',
      expect.stringMatching(/^key 4: (?:is damaged|its two halves do not fit together)$/),
      'key 5: has 1024 bits: at least 2048 are needed',
      'key 8: crv must be P-256',
      'key 9: kty must be EC or RSA',
      expect.stringMatching(/^key 10: (?:is damaged|has \d+ bits: at least 2048 are needed)$/),
      'the kid "a" stands there twice',
    ])
    expect(read.faults.join()).not.toContain(String(d))
    for (const text of ['', '[]', '{"keys":{}}', 'null']) expect(await readKeyFile(text)).toMatchObject({ ok: false })
    expect(await readKeyFile(file(ec))).toEqual({ ok: false, faults: ['holds no key for RS256'] })
  })
})

describe('the keys in service', () => {
  /** A ring whose file and database can be broken. */
  async function ringOn(text: string | null) {
    const { log, lines } = listeningLog()
    const state = {
      text,
      broken: false,
      now: new Date('2030-01-01T00:00:00.000Z'),
      events: [] as string[],
      reasons: [] as unknown[],
    }
    const clock = { now: () => state.now }
    const db = open(await freshDatabase())
    const store = createKeyStore(db)
    const keys = createKeys({
      store: { ...store, all: () => (state.broken ? Promise.reject(new Refusal('unavailable')) : store.all()) },
      ...{ transact: db.transact, secrets, clock, log },
    })
    const used: (string | undefined)[][] = []
    const ring = createKeyRing({
      ...{ keys, secrets, clock, log, metrics: createMetrics(), lookEveryMs: 20, file: text === null ? null : PATH },
      readFile: () => {
        if (state.text === null) throw new Error('ENOENT')
        return state.text
      },
      audit: {
        async note(event, fields?: { detail?: object }) {
          state.events.push(event)
          state.reasons.push(Object.values(fields?.detail ?? {})[0])
        },
      },
    })
    rings.push(ring)
    const use = (taken: readonly JWK[]) => void used.push(taken.map(({ kid }) => kid))
    return { ring, keys, store, db, state, lines, used, use }
  }

  test('F-40 a file that is not right stops the start, with every fault', async () => {
    const { ring, use } = await ringOn(file({ kty: 'oct' }, smallRsa))
    await expect(ring.start(use)).rejects.toThrow(`${PATH}: key 1: is symmetric`)
    await expect(ring.start(use)).rejects.toThrow(`${PATH}: key 2: has 1024 bits`)
    const { ring: missing } = await ringOn('')
    await expect(missing.start(use)).rejects.toThrow('is no JWK Set')
  })

  test('are those of the file, and others once it changes; a wrong one changes nothing', async () => {
    const { ring, state, used, use } = await ringOn(file({ ...ec, kid: 'e1' }, { ...rsa, kid: 'r1' }))
    await ring.start(use)
    state.text = file({ ...ec, kid: 'e1' }, { ...rsa, kid: 'r1' }, { ...otherEc, kid: 'e2' })
    await eventually(() => used.length === 2)
    state.text = '{"keys":[]}'
    await eventually(() => state.events.includes('keys_file.refused'))
    expect(ring.current().map(({ kid }) => kid)).toEqual(['e1', 'r1', 'e2'])
    state.text = file({ ...otherEc, kid: 'e2' }, { ...ec, kid: 'e1' }, { ...rsa, kid: 'r1' })
    await eventually(() => used.length === 3)
    await ring.stop()
    expect(used.at(-1)).toEqual(['e2', 'e1', 'r1'])
    expect(state.events).toEqual(['keys_file.taken', 'keys_file.refused', 'keys_file.taken'])
  })

  test('R-045 a kid stands for one key: a file that gives it to another is told, and changes nothing', async () => {
    const { ring, state, used, use } = await ringOn(file({ ...ec, kid: 'sig' }, { ...rsa, kid: 'r1' }))
    await ring.start(use)
    const x = () => ring.current().map((key) => key.x)
    state.text = file({ ...otherEc, kid: 'sig' }, { ...rsa, kid: 'r1' })
    await eventually(() => state.events.length === 1)
    expect(state.reasons[0]).toBe(`${PATH}: the kid "sig" stands for another key: give the new one another kid`)
    expect(x()[0]).toBe(ec.x)
    expect(ring.ofFile()).toEqual(ring.current())
    state.text = file({ ...otherEc, kid: 'sig-2' }, { ...rsa, kid: 'r1' })
    await eventually(() => used.length === 2)
    expect(x()[0]).toBe(otherEc.x)
    // Its tokens are still about.
    state.text = file({ ...otherEc, kid: 'sig' }, { ...rsa, kid: 'r1' })
    await eventually(() => state.events.length === 3)
    state.text = file({ ...ec, kid: 'sig' }, { ...rsa, kid: 'r1' })
    await eventually(() => used.length === 3)
    await ring.stop()
    expect(state.events).toEqual(['keys_file.refused', 'keys_file.taken', 'keys_file.refused', 'keys_file.taken'])
    expect(x()[0]).toBe(ec.x)
  })

  test('R-045 no key of a file bears the name of one of the service: its tokens would count no more', async () => {
    const { ring, keys, state, use } = await ringOn(file({ ...ec, kid: 'e1' }, { ...rsa, kid: 'r1' }))
    await keys.ensure()
    const [own] = await keys.load()
    state.text = file({ ...ec, kid: own?.kid }, { ...rsa, kid: 'r1' })
    await expect(ring.start(use)).rejects.toThrow(`the kid "${own?.kid}" stands for another key`)
    const ownRsa = (await keys.load()).find(({ alg }) => alg === 'RS256')
    state.text = file({ ...own }, { ...ownRsa }) // the same keys, carried over
    await ring.start(use)
    await ring.stop()
    expect(ring.current()).toHaveLength(2)
  })

  test('those of the service stay published beside a file', async () => {
    const { ring, keys, used, use } = await ringOn(file({ ...ec, kid: 'e1' }, { ...rsa, kid: 'r1' }))
    await keys.ensure()
    const own = (await keys.list()).map(({ id }) => id)
    await ring.start(use)
    await ring.stop()
    expect(used).toEqual([['e1', 'r1', ...own]])
  })

  test('S-4, F-37 without the database they stay in service, and say that they may be old; then they follow', async () => {
    const { ring, keys, store, db, state, lines, used, use } = await ringOn(null)
    await ring.start(use)
    const [first] = used
    state.broken = true
    await eventually(() => lines.some((line) => line.includes('those that are known stay in service')))
    expect(ring.isFresh()).toBe(true)
    // A key that was published since may sign from then on: no cache that obeys holds an answer of ours without it any more.
    const signsFrom = mayActivateFrom({ createdAt: state.now })
    state.now = new Date(signsFrom.getTime() - (JWKS_MAX_AGE_SECONDS + 5) * 1000)
    expect(ring.isFresh()).toBe(false)
    expect(ring.current().map(({ kid }) => kid)).toEqual(first)
    await db.transact(async (tx) => {
      await store.remove(tx, [String(first?.[0])])
    })
    state.broken = false
    await keys.ensure()
    await eventually(() => used.length === 2 && ring.isFresh())
    await ring.stop()
    expect(used.at(-1)?.[1]).toBe(first?.[1])
    expect(lines.filter((line) => line.includes('stay in service'))).toHaveLength(1)
  })
})
