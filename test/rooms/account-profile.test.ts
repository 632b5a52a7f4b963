import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Database } from '../../src/store/index.ts'
import { query } from '../support/database.ts'
import { type AccountsStage, email, START, startAccounts } from './accounts-stage.ts'

let stage: AccountsStage

beforeAll(async () => {
  stage = await startAccounts()
})
afterEach(() => stage.at(0))
afterAll(async () => {
  await stage.stop()
})

let people = 0
const begun = () => stage.begun(email(`profile-${people++}@fabrikam.example`))
const save = (id: string, typed: Record<string, string>, db: Database = stage.one) =>
  db.transact((tx) => stage.profiles.save(tx, id, typed))

async function claimsOf(id: string): Promise<Record<string, unknown>> {
  const accounts = stage.accountsOn(stage.one)
  const account = await accounts.find(id)
  if (!account) throw new Error('no account')
  return accounts.claimsOf(account)
}

const WHOLE = {
  name: 'Maria del Mar Ruiz',
  given_name: 'Maria del Mar',
  family_name: 'Ruiz',
  middle_name: 'L.',
  nickname: 'Mar',
  preferred_username: 'mar.ruiz',
  profile: 'https://people.example/mar?tab=1',
  picture: 'https://cdn.example/mar.png',
  website: 'http://mar.example/',
  gender: 'female',
  birthdate: '1990-02-28',
  zoneinfo: 'Europe/Berlin',
}

describe('a profile', () => {
  test('holds the standard claims that a person may write, and applications are told them', async () => {
    const id = await begun()
    stage.at(90)
    // An address on the web is kept as it is understood.
    expect(await save(id, { ...WHOLE, website: 'HTTP://Mar.example' })).toEqual({ faults: [], changed: true })
    const claims = await claimsOf(id)
    expect(claims).toMatchObject(WHOLE)
    expect(claims.updated_at).toBe(Math.floor(START.getTime() / 1000) + 90)
    expect(claims).not.toHaveProperty('updatedAt')
    const account = await stage.accountsOn(stage.one).find(id)
    const fields = stage.profiles.fieldsOf(account ?? { profile: {} })
    expect(Object.fromEntries(fields.map(({ name, value }) => [name, value]))).toEqual(WHOLE)
    expect(fields.filter(({ type }) => type === 'url').map(({ name }) => name)).toEqual(['profile', 'picture', 'website'])
    expect(fields.filter(({ type }) => !['url', 'text'].includes(type))).toEqual([
      { name: 'birthdate', value: '1990-02-28', type: 'date' },
      { name: 'zoneinfo', value: 'Europe/Berlin', type: 'timezone' },
    ])
  })

  test('forgets what is left empty, keeps what was not asked for, and says whether anything is different', async () => {
    const id = await begun()
    await save(id, WHOLE)
    stage.at(10)
    expect(await save(id, { name: ' Maria ', nickname: '  ' })).toEqual({ faults: [], changed: true })
    const { nickname: _, ...rest } = WHOLE
    expect(await claimsOf(id)).toMatchObject({ ...rest, name: 'Maria' })
    expect(await claimsOf(id)).not.toHaveProperty('nickname')
    stage.at(20)
    expect(await save(id, { name: 'Maria', nickname: '' })).toEqual({ faults: [], changed: false })
    expect((await claimsOf(id)).updated_at).toBe(Math.floor(START.getTime() / 1000) + 10)
  })

  test('R-089 cannot say what is proven, nor who one is', async () => {
    const id = await begun()
    const before = await claimsOf(id)
    const typed = {
      ...{ email_verified: 'true', phone_number_verified: 'true', email: 'e@vil.example', phone_number: '+4915112345678' },
      ...{ sub: 'somebody', updated_at: '1', updatedAt: '2099-01-01T00:00:00Z', locale: 'xx', roles: 'admin', __proto__: 'x' },
    }
    expect(await save(id, typed)).toEqual({ faults: [], changed: false })
    expect(await claimsOf(id)).toEqual(before)
    await save(id, { ...typed, name: 'Maria' })
    expect(await query(stage.url, 'select profile from account where id = $1', [id])).toEqual([
      { profile: { name: 'Maria', updatedAt: START.toISOString() } },
    ])
  })

  const cases: [field: string, good: string[], bad: string[]][] = [
    ['name', ['é'.repeat(200), '😀'.repeat(200), '山田 太郎', "O'Neill <b>", 'e\u0301'.repeat(200)], ['x'.repeat(201)]],
    ['nickname', ['👩‍💻'], ['a\nb', 'a\u0000b', 'a\u007fb', '\u202Eevil', 'a\u2028b', '\ud800', '\u2066x']],
    [
      'website',
      ['https://example.com', 'HTTPS://example.com/a', 'http://[::1]:8080/', `https://e.example/${'a'.repeat(182)}`],
      ['javascript:alert(1)', 'https://', '//example.com', 'ftp://e.example', 'https://u:p@e.example', 'data:,x', 'https://a b'],
    ],
    [
      'picture',
      ['https://example.com/a.png'],
      [`https://e.example/${'a'.repeat(183)}`, 'example.com/a.png', 'file:///etc/passwd'],
    ],
    ['profile', ['https://example.com/me'], ['https://example.com\\@evil.example/ x', 'me']],
    [
      'birthdate',
      ['1990', '2030', '2000-02-29', '2030-01-01', '0000-02-29', '1000-01-01'],
      ['2031', '2030-01-02', '1900-02-29', '1990-13-01', '90', '0999', '1990-1-1', '01.02.1990', '0000', '١٩٩٠'],
    ],
    ['zoneinfo', ['Europe/Paris', 'America/Los_Angeles', 'UTC'], ['Mars/Olympus', 'europe/paris', '+01:00', 'CET-1CEST']],
  ]

  test.each(cases)('takes a %s as it should be, and tells by name when it cannot be so', async (field, good, bad) => {
    const id = await begun()
    for (const text of good) expect([text, await save(id, { [field]: text })]).toEqual([text, { faults: [], changed: true }])
    const before = await claimsOf(id)
    for (const text of bad) {
      const answer = await save(id, { [field]: text, gender: 'x' })
      expect([text, answer]).toEqual([text, { faults: [field], changed: false }])
    }
    expect(await claimsOf(id)).toEqual(before)
  })

  test('loses nothing when two parts of it are saved at once, on two instances', async () => {
    const id = await begun()
    const fields = ['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'gender']
    const saved = await Promise.all(fields.map((field, n) => save(id, { [field]: field }, n % 2 ? stage.one : stage.two)))
    expect(saved.every(({ changed }) => changed)).toBe(true)
    expect(await claimsOf(id)).toMatchObject(Object.fromEntries(fields.map((field) => [field, field])))
  })
})
