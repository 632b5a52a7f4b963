import pg from 'pg'

/** How much there is to look through. */
export interface Sizes {
  accounts: number
  entries: number
  clients: number
  messages: number
}

const ENTRIES_AT_ONCE = 100_000

/**
 * Fills a migrated database with people, registered applications, messages and a trail, spread over the last year. Made by
 * the database itself; `say` is told how far it is.
 */
export async function fill(databaseUrl: string, sizes: Sizes, say: (words: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'bench-admin' })
  await client.connect()
  try {
    await client.query(CLIENTS, [sizes.clients])
    say(`${sizes.clients} applications`)
    await client.query(ACCOUNTS, [sizes.accounts])
    await client.query(ADDRESSES, [sizes.accounts])
    say(`${sizes.accounts} people with their addresses`)
    await client.query(MESSAGES, [sizes.messages, sizes.accounts])
    say(`${sizes.messages} messages`)
    for (let from = 1; from <= sizes.entries; from += ENTRIES_AT_ONCE) {
      const to = Math.min(from + ENTRIES_AT_ONCE - 1, sizes.entries)
      await client.query(ENTRIES, [from, to, sizes.accounts, sizes.clients, sizes.entries])
      say(`${to} of ${sizes.entries} rows of the trail`)
    }
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

const YEAR_MS = 365 * 86_400_000

/** A moment of the last year for row `n`, the larger the later. */
const at = (n: string, of: string) => `to_timestamp((${Date.now() - YEAR_MS} + ${n}::float8 / ${of} * ${YEAR_MS}) / 1000)`

const CLIENTS = `
  insert into client (id, metadata, policy, secret_hashes, secrets, source, created_at, updated_at)
  select 'app-' || n,
    jsonb_build_object('client_name', (array['Harbour','Ledger','Orders','Garden','Library','Weather','Kitchen','Travel'])[1 + n % 8] || ' ' || n,
      'redirect_uris', jsonb_build_array('https://app-' || n || '.bench.example/callback'), 'post_logout_redirect_uris', '[]'::jsonb,
      'grant_types', '["authorization_code"]'::jsonb, 'response_types', '["code"]'::jsonb,
      'token_endpoint_auth_method', 'client_secret_basic', 'application_type', 'web', 'id_token_signed_response_alg', 'ES256',
      'scope', 'openid profile email'),
    '{"firstParty":true,"requirePkce":true,"refreshToken":"never","profileClaimsInIdToken":true,"corsOrigins":[],"resources":[],"introspects":[],"secondFactor":null,"madeBy":null}'::jsonb,
    array[repeat('a', 43)], '[]', 'console', ${at('n', '$1')}, ${at('n', '$1')}
  from generate_series(1, $1::int) n`

const ACCOUNTS = `
  insert into account (id, state, profile, locale, created_at, last_sign_in_at)
  select 'person-' || lpad(n::text, 15, '0'), case when n % 500 = 0 then 'suspended' else 'active' end,
    jsonb_build_object('name',
      (array['Maria','Jonas','Aylin','Chen','Olga','Pedro','Amara','Lars','Ines','Tom'])[1 + n % 10] || ' ' ||
      (array['Alvarez','Kern','Yilmaz','Wei','Petrova','Souza','Okafor','Berg','Rossi','Miller','Novak'])[1 + n % 11] || n % 997),
    'en', ${at('n', '$1')}, now()
  from generate_series(1, $1::int) n`

const ADDRESSES = `
  insert into address (kind, canonical, account_id, proven_at, created_at, primary_from, usable_from)
  select 'email', 'person' || n || '@d' || n % 300 || '.bench.example', 'person-' || lpad(n::text, 15, '0'), ${at('n', '$1')}, ${at('n', '$1')}, ${at('n', '$1')}, ${at('n', '$1')}
  from generate_series(1, $1::int) n
  union all
  select 'phone', '+4915' || lpad(n::text, 9, '0'), 'person-' || lpad(n::text, 15, '0'), ${at('n', '$1')}, ${at('n', '$1')}, ${at('n', '$1')}, ${at('n', '$1')}
  from generate_series(3, $1::int, 3) n`

const MESSAGES = `
  insert into delivery (id, channel, message, target, locale, state, created_at, due_at, handed_at, give_up_at, route)
  select 'message-' || lpad(n::text, 14, '0'), 'email', 'sign_in', 'person' || 1 + n % $2::int || '@d' || (1 + n % $2::int) % 300 || '.bench.example', 'en',
    (array['handed_over','handed_over','handed_over','refused'])[1 + n % 4], ${at('n', '$1')}, ${at('n', '$1')}, ${at('n', '$1')}, ${at('n', '$1')}, 'smtp'
  from generate_series(1, $1::int) n`

const ENTRIES = `
  insert into audit_entry (at, event, account_id, client_id, actor_id, ip, device, detail)
  select ${at('n', '$5')}, (array['sign_in.started','sign_in.proven','sign_in.completed','token.issued','message.queued','message.handed_over','token.refreshed','client.changed'])[1 + n % 8],
    'person-' || lpad((1 + (n::bigint * 7919) % $3::int)::text, 15, '0'), 'app-' || 1 + n % $4::int,
    case when n % 8 = 7 then 'person-' || lpad((1 + n % 20)::text, 15, '0') end, '203.0.113.7', 'Firefox on Linux', '{}'
  from generate_series($1::int, $2::int) n`
