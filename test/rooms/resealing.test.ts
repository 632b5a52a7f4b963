import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { createMetrics, createSecrets, newId } from '../../src/base/index.ts'
import { createCredentialFactors } from '../../src/factors/index.ts'
import { createResealing } from '../../src/resealing.ts'
import { createCredentialStore, createResealingStore, type Database } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, listeningLog, open } from './store-support.ts'
import { codeOf } from './totp-support.ts'

// SECRETS are exchanged: seeds of authenticators, which live for years, are sealed anew.

const NOW = new Date('2030-01-01T00:00:15Z')
const clock = { now: () => NOW }
const [older, newer, foreign] = ['one', 'two', 'three'].map((n) => `a secret that is long enough for a test, ${n}`) as [
  string,
  string,
  string,
]
const idOf = (secret: string) => createSecrets([secret]).currentId

let url: string
let db: Database

beforeEach(async () => {
  url = await freshDatabase()
  db = open(url)
  await startedLast(newer, older)
})
afterAll(closeAll)

/** As a start with these SECRETS leaves it. */
async function startedLast(...secrets: string[]): Promise<void> {
  await query(
    url,
    `insert into deployment (id, issuer, secret_ids, updated_at) values (1, 'https://id.example', $1, now())
     on conflict (id) do update set secret_ids = excluded.secret_ids`,
    [createSecrets(secrets).ids],
  )
}

/** The job as an instance with these SECRETS runs it. */
function instance(...list: string[]) {
  const secrets = createSecrets(list)
  const { totp } = createCredentialFactors({ secrets, clock })
  const { log, lines } = listeningLog()
  const [asked, noted, metrics] = [[] as Date[], [] as string[], createMetrics()]
  const store = createResealingStore(db)
  const job = createResealing({
    ...{ store, totp, secrets, transact: db.transact, clock, log, metrics, batchSize: 2 },
    audit: {
      note: async (event, { detail }: { detail?: unknown } = {}) => {
        noted.push(event)
        await query(url, 'insert into audit_entry (at, event, detail) values ($1, $2, $3)', [NOW, event, detail])
      },
    },
    queue: async (at) => void asked.push(at),
  })
  return { ...job, store, totp, lines, asked, noted, metrics }
}

/** A person with an authenticator; answers its credential and how its codes are made. */
async function enrolled(secret: string): Promise<{ id: string; accountId: string; code: string }> {
  const [id, accountId] = [newId(), newId()]
  await query(url, `insert into account (id, created_at) values ($1, $2)`, [accountId, NOW])
  const { data, key } = createCredentialFactors({ secrets: createSecrets([secret]), clock }).totp.newSeed(accountId)
  const store = createCredentialStore(db)
  await db.transact((tx) => store.add(tx, accountId, { id, kind: 'totp', data, label: '', provenAt: NOW, now: NOW }))
  return { id, accountId, code: codeOf(key.replaceAll(' ', ''), NOW.getTime() / 1000) }
}

const sealsOf = async () =>
  Object.fromEntries(
    (await query<{ id: string; seal: string }>(url, `select id, split_part(data, '.', 1) as seal from credential`)).map(
      ({ id, seal }) => [id, seal],
    ),
  )

describe('R-108 when another secret is the newest', () => {
  test('every seed is sealed anew with it, and opens without the former one', async () => {
    const people = await Promise.all([older, older, older, newer, older, older].map(enrolled))
    const { run, noted, metrics } = instance(newer, older)
    await run()
    expect(new Set(Object.values(await sealsOf()))).toEqual(new Set([idOf(newer)]))
    expect(noted).toEqual(['secrets.exchanged'])
    expect(await metrics.metrics()).not.toMatch(/^doorward_reseal_remaining\{/m)
    const alone = instance(newer)
    for (const { accountId, code, id } of people) {
      const found = await alone.totp.judge(await createCredentialStore(db).ofAccount(accountId), accountId, code)
      expect(found?.credentialId).toBe(id)
    }
    await run()
    await alone.run()
    expect([noted.length, alone.noted]).toEqual([1, []])
  })

  test('whoever holds a seed, or has changed or removed it meanwhile, wins and is not waited for', async () => {
    const [held, changed, removed] = await Promise.all([older, older, older].map(enrolled))
    if (!held || !changed || !removed) throw new Error('three are needed')
    const { store, totp, run } = instance(newer, older)
    const seeds = await store.nextSeeds(idOf(older), '', 10)
    const seals = seeds.map(({ id, data, accountId }) => ({ id, before: data, after: totp.sealAnew(data, accountId) }))
    await query(url, `update credential set data = split_part(data, '.', 1) || '.AAAA' where id = $1`, [changed.id])
    await query(url, 'delete from credential where id = $1', [removed.id])
    const person = new Client({ connectionString: url })
    await person.connect()
    await person.query('begin')
    await person.query('update credential set counter = 7 where id = $1', [held.id])
    expect(await db.transact((tx) => store.replaceSeeds(tx, seals))).toEqual([])
    await person.query('commit')
    await person.end()
    await run()
    expect(await sealsOf()).toEqual({ [held.id]: idOf(newer), [changed.id]: idOf(older) })
    expect((await query<{ counter: string }>(url, 'select counter from credential where id = $1', [held.id]))[0]?.counter).toBe(
      '7',
    )
  })

  test('a seed of another person, or a damaged one, is passed over and told, and the job ends', async () => {
    const [good, stolen] = await Promise.all([older, older].map(enrolled))
    await query(url, 'update credential set data = (select data from credential where id = $1) where id = $2', [
      good?.id,
      stolen?.id,
    ])
    const { run, lines, metrics } = instance(newer, older)
    await run()
    expect(await sealsOf()).toEqual({ [good?.id ?? '']: idOf(newer), [stolen?.id ?? '']: idOf(older) })
    expect(lines.filter((line) => line.includes('cannot be opened')).map((line) => JSON.parse(line).rows)).toEqual([1])
    expect(await metrics.metrics()).toContain(`doorward_reseal_remaining{secret="${idOf(older)}"} 1`)
  })

  test('an instance with the former list seals nothing back: it leaves the work to the others', async () => {
    const { id } = await enrolled(newer)
    const { run, asked, noted } = instance(older, newer)
    await run()
    expect(await sealsOf()).toEqual({ [id]: idOf(newer) })
    expect([asked.map((at) => at.getTime() - NOW.getTime()), noted]).toEqual([[60_000], []])
  })

  test('a run that is to stop leaves the rest to another', async () => {
    await Promise.all([older, older, older].map(enrolled))
    const { run, asked } = instance(newer, older)
    await run(AbortSignal.abort())
    expect(asked).toEqual([NOW])
    expect(new Set(Object.values(await sealsOf()))).toEqual(new Set([idOf(older)]))
  })

  test('what is sealed with a secret that nobody listed is told, and left', async () => {
    const { id } = await enrolled(foreign)
    const { run, lines } = instance(newer, older)
    await run()
    expect(await sealsOf()).toEqual({ [id]: idOf(foreign) })
    expect(lines.some((line) => line.includes('SECRETS lacks') && line.includes(idOf(foreign)))).toBe(true)
  })
})
