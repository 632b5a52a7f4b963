import { describe, expect, test } from '@jest/globals'
import { readMigrations } from '../../src/store/migrations.ts'
import { faultsOf } from './store-migrate-rules.ts'

/** From before anybody was served. What a later one may do is said by the rules. */
const EXEMPT = [
  '20261121000000_foundation',
  '20261122021459_text_messages',
  '20261122031802_second_factors',
  '20261122054242_account_page',
  '20261122085747_administrators',
  '20261122091523_claimed_addresses',
  '20261122101500_tokens_of_a_client',
  '20261122121911_keys_and_contacts',
]

const REFUSED: [string, RegExp][] = [
  ['create index "a_b_idx" on "a" ("b");', /concurrently/],
  ['create unique index a_b_idx on a (b)', /concurrently/],
  ['drop index "a_b_idx"', /concurrently/],
  ['alter table "a" add column "b" text not null', /no default/],
  [`alter table "a" add column "c" text, add column "b" text not null`, /no default/],
  ['alter table a add column b uuid default gen_random_uuid()', /volatile/],
  ['alter table a add column b bigserial', /rewrites/],
  ['alter table a alter column b set not null', /not valid/],
  ['alter table "a" alter column "b" set data type bigint', /rewrites/],
  ['alter table a add constraint c foreign key (b) references d (id)', /not valid/],
  ['alter table a rename column b to c', /still uses/],
  ['alter table a rename to b', /still uses/],
  ['alter table a drop column b', /still reads/],
  ['drop table a', /still reads/],
  [`update a set b = 'c'`, /batches/],
  ['lock table a', /locks out/],
]

const ALLOWED = [
  'create table "a" ("id" text primary key); create index "a_b_idx" on "a" ("b"); alter table "a" add constraint c check (b > 0);',
  `alter table a add column b text, add column c text not null default 'x', add column d timestamptz not null default now()`,
  '-- outside a transaction\ncreate index concurrently "a_b_idx" on "a" ("b");',
  '-- outside a transaction\ndrop index concurrently if exists "a_b_idx";',
  'alter table a add constraint c foreign key (b) references d (id) not valid',
  'alter table a validate constraint c',
]

describe('F-42 while a migration is applied the version before it goes on', () => {
  test('no migration holds up others, or takes away what the version before uses', async () => {
    const faults = (await readMigrations())
      .filter(({ name }) => !EXEMPT.includes(name))
      .flatMap(({ name, sql }) => faultsOf(name, sql).map((fault) => `${name}: ${fault}`))
    expect(faults).toEqual([])
  })

  test.each(REFUSED)('refused: %s', (sql, reason) => {
    expect(faultsOf('20990101000000_new', sql).join()).toMatch(reason)
  })

  test.each(ALLOWED)('allowed: %s', (sql) => {
    expect(faultsOf('20990101000000_new', sql)).toEqual([])
  })

  test('what is taken away or renamed stands in a migration that says so by its name', () => {
    for (const sql of ['alter table a drop column b', 'drop table a', 'alter table a rename to b', 'drop index a_b_idx']) {
      expect(faultsOf('20990101000000_less_contracting', sql)).toEqual([])
    }
    expect(faultsOf('20990101000000_less_contracting', 'create index a_b_idx on a (b)')).toHaveLength(1)
  })
})
