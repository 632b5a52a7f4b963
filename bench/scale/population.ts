import type pg from 'pg'

/** How many rows there are to be, by what they are copies of. */
export interface Population {
  accounts: number
  /** Of the accounts: those with a living session, its grants and tokens. */
  signedIn: number
  /** Rows of the trail. */
  entries: number
  /** Records whose time is over, to be swept. */
  expired: number
}

const ROWS_AT_ONCE = 250_000

/** An identifier that looks like those of the service: 132 random bits. */
const idOf = (salt: string) => `left(translate(encode(sha256(('${salt}' || n)::bytea), 'base64'), '+/', '-_'), 22)`
/** A hash as stored for values that were handed out. */
const hashOf = (salt: string) => `left(translate(encode(sha256(('${salt}' || n)::bytea), 'base64'), '+/', '-_'), 43)`
const ACCOUNT = idOf('account')

interface Copies {
  words: string
  table: string
  /** Which row of those that the sign-ins left is copied. */
  pattern: string
  /** Columns that differ from row to row, as SQL over `n`. */
  differs: Record<string, string>
  rows(population: Population): number
  /** Left to the database: it numbers the rows itself. */
  without?: readonly string[]
}

const record = (model: string, count: (population: Population) => number, expiresAt: string, salt = ''): Copies => ({
  words: `${model}${salt}`,
  table: 'oidc_record',
  pattern: `model = '${model}'`,
  differs: {
    id: hashOf(`${model}${salt}`),
    uid: `case when uid is null then null else ${idOf(`uid${model}${salt}`)} end`,
    grant_id: `case when grant_id is null then null else ${idOf(`grant${salt}`)} end`,
    account_id: `case when account_id is null then null else ${ACCOUNT} end`,
    expires_at: expiresAt,
  },
  rows: count,
})

const LATER = `'2100-01-01'::timestamptz`

/** Every row is a copy of one that a real sign-in left behind, with keys of its own. */
const COPIES: readonly Copies[] = [
  {
    ...{ words: 'accounts', table: 'account', pattern: 'true' },
    differs: { id: ACCOUNT, created_at: "'2020-01-01'::timestamptz + n * interval '15 seconds'" },
    rows: ({ accounts }) => accounts,
  },
  {
    ...{ words: 'addresses', table: 'address', pattern: "kind = 'email'" },
    differs: { canonical: "'person' || n || '@scale.example'", account_id: ACCOUNT },
    rows: ({ accounts }) => accounts,
  },
  record('Session', ({ signedIn }) => signedIn, LATER),
  record('Grant', ({ signedIn }) => signedIn, LATER),
  record('RefreshToken', ({ signedIn }) => signedIn, LATER),
  {
    ...{ words: 'rows of the trail', table: 'audit_entry', pattern: "event = 'sign_in.completed'" },
    // As if they were chained: the job that does it would work on them while others are measured.
    differs: {
      ...{ account_id: ACCOUNT, at: "'2020-01-01'::timestamptz + n * interval '1 second'" },
      chain_seq: '1000000000 + n',
    },
    rows: ({ entries }) => entries,
    without: ['id'],
  },
]

/** Fills the tables by copies. `say` is told how far it is, with the rate and what is left. */
export async function populate(client: pg.Client, population: Population, say: (words: string) => void): Promise<void> {
  for (const copies of COPIES) await add(client, copies, population, say)
  say('vacuum analyze')
  await client.query('vacuum analyze')
}

/** Adds the records to be swept, whose time is over at `at`: later than now, or the service sweeps them by itself. */
export async function addExpiring(
  client: pg.Client,
  population: Population,
  at: Date,
  say: (words: string) => void,
): Promise<void> {
  const expiresAt = `'${at.toISOString()}'::timestamptz`
  await add(
    client,
    record('AccessToken', ({ expired }) => expired, expiresAt, ' to be swept'),
    population,
    say,
  )
  await client.query('vacuum analyze oidc_record')
}

async function add(client: pg.Client, copies: Copies, population: Population, say: (words: string) => void): Promise<void> {
  const rows = copies.rows(population)
  const insert = await statementFor(client, copies)
  const started = performance.now()
  for (let from = 1; from <= rows; from += ROWS_AT_ONCE) {
    const to = Math.min(from + ROWS_AT_ONCE - 1, rows)
    await client.query(insert, [from, to])
    const perSecond = to / ((performance.now() - started) / 1000)
    say(`${to} of ${rows} ${copies.words}: ${Math.round(perSecond)} a second, ${Math.ceil((rows - to) / perSecond)} s left`)
  }
}

async function statementFor(client: pg.Client, { table, pattern, differs, without = [] }: Copies): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_schema = 'public' and table_name = $1`,
    [table],
  )
  const names = rows.map(({ name }) => name).filter((name) => !without.includes(name))
  const values = names.map((name) => differs[name] ?? `"${name}"`)
  return `insert into ${table} (${names.map((name) => `"${name}"`).join(', ')})
    select ${values.join(', ')} from (select * from ${table} where ${pattern} limit 1) pattern, generate_series($1::bigint, $2::bigint) n`
}

export interface TableSize {
  table: string
  rows: number
  /** Of the rows themselves, with what was moved out of them. */
  heapBytes: number
  indexBytes: number
}

const SIZES = `
  select relname as "table", n_live_tup::float8 as rows, pg_table_size(relid)::float8 as "heapBytes",
    pg_indexes_size(relid)::float8 as "indexBytes"
  from pg_stat_user_tables where schemaname = 'public' and n_live_tup > 1000 order by pg_total_relation_size(relid) desc`

export interface IndexSize {
  table: string
  index: string
  bytes: number
}

const INDEXES = `
  select relname as "table", indexrelname as index, pg_relation_size(indexrelid)::float8 as bytes
  from pg_stat_user_indexes where schemaname = 'public' and pg_relation_size(indexrelid) > 1000000
  order by relname, pg_relation_size(indexrelid) desc`

/** The large indexes, by table. */
export async function indexesOf(client: pg.Client): Promise<IndexSize[]> {
  return (await client.query<IndexSize>(INDEXES)).rows
}

/** The large tables, the largest first. */
export async function sizesOf(client: pg.Client): Promise<TableSize[]> {
  return (await client.query<TableSize>(SIZES)).rows
}
