import type { Account, Identity } from '../accounts/index.ts'
import type { AheadStore, InteractionLook, InteractionRead, SessionRead, TokenRead } from '../oidc/index.ts'
import { accountColumns, accountJoins, identityColumns, identityJoins } from './account-sql.ts'
import type { Database, Statement } from './database.ts'

// As `hashOf` of src/base: a grant is named by its id, and stored under the hash of it.
const hashed = (value: string) => `translate(encode(sha256(convert_to(${value}, 'UTF8')), 'base64'), '+/=', '-_')`

// A plan is made once for each connection, maybe while the tables are empty and any way through them seems as short as
// another: behind `offset 0` stands what must be looked up by its whole key.
const grantNamed = (grantId: string) => `
  left join lateral (
    select payload from oidc_record where model = 'Grant' and id = ${hashed(grantId)} offset 0
  ) granted on true`

const grantOf = (session: string, clientId: string) =>
  grantNamed(`${session}.payload -> 'authorizations' -> ${clientId} ->> 'grantId'`)

const AGREED = `
  case when agreed.client_id is not null then json_build_object('accountId', agreed.account_id, 'clientId', agreed.client_id,
    'scopes', agreed.scopes, 'claims', agreed.claims, 'resources', agreed.resources) end as consent`

const agreedTo = (clientId: string) => `
  left join lateral (
    select * from consent where account_id = r.account_id and client_id = ${clientId} offset 0
  ) agreed on true`

const account = (now: string) => `
  left join account a on a.id = r.account_id ${accountJoins(now)}`

/** The session of this uid; of several rows the newest. */
export const sessionOf = (uid: string) => `
  select payload, consumed_at as "consumedAt" from (
    select model, payload, consumed_at, expires_at from oidc_record where uid = ${uid} offset 0
  ) named
  where model = 'Session' order by expires_at desc limit 1`

const RECORD = 'r.payload, r.consumed_at as "consumedAt", granted.payload as grant'

const token = (models: string) => `
  select r.model, ${RECORD}, ${identityColumns('$2')}
  from oidc_record r ${grantNamed('r.grant_id')} left join account a on a.id = r.account_id ${identityJoins('$2')}
  where r.id = $1 and r.model ${models}`

const readToken: Statement = { name: 'oidc_read_token', text: token('= $3') }

const readAnyToken: Statement = {
  name: 'oidc_read_any_token',
  text: token(`in ('AccessToken', 'ClientCredentials', 'RefreshToken')`),
}

const readSession: Statement = {
  name: 'oidc_read_session',
  text: `
    select ${RECORD}, ${AGREED}, ${accountColumns('$2')}
    from oidc_record r ${grantOf('r', '$3::text')} ${agreedTo('$3::text')} ${account('$2')}
    where r.model = 'Session' and r.id = $1`,
}

const readInteraction: Statement = {
  name: 'oidc_read_interaction',
  text: `
    select ${RECORD}, ${AGREED}, r.payload ->> 'client' as "clientId", begun.payload as "begunIn", s.payload as session,
      ${accountColumns('$2')}
    from oidc_record r
    left join lateral (${sessionOf(`r.payload ->> 'session'`)}) begun on true
    left join oidc_record s on s.model = 'Session' and s.id = $3
    ${grantOf('s', `(r.payload ->> 'client')`)} ${agreedTo(`r.payload ->> 'client'`)} ${account('$2')}
    where r.model = 'Interaction' and r.id = $1`,
}

const lookAtInteraction: Statement = {
  name: 'interaction_look',
  together: true,
  text: `
    select r.payload, r.consumed_at as "consumedAt", begun.payload as "begunIn"
    from oidc_record r
    left join lateral (${sessionOf(`r.payload ->> 'session'`)}) begun on true
    where r.model = 'Interaction' and r.id = $1`,
}

/** The engine's records with what belongs to them, in one statement each. */
export function createAheadStore(db: Database): AheadStore {
  return {
    async readToken(model, id, now) {
      const rows = await db.run<TokenRow>(model ? readToken : readAnyToken, model ? [id, now, model] : [id, now])
      return rows.map(({ model, payload, consumedAt, grant, ...account }) => {
        return { model, payload, consumedAt, grant, account: accountIn<Identity>(account) }
      })
    },
    async readSession(id, clientId, now) {
      const [row] = await db.run<SessionRow>(readSession, [id, now, clientId])
      if (!row) return null
      const { payload, consumedAt, grant, consent, ...account } = row
      return { payload, consumedAt, grant, consent, account: accountIn<Account>(account) }
    },
    async readInteraction(id, sessionId, now) {
      const [row] = await db.run<InteractionRow>(readInteraction, [id, now, sessionId])
      if (!row) return null
      const { payload, consumedAt, grant, consent, clientId, begunIn, session, ...account } = row
      return { payload, consumedAt, grant, consent, clientId, begunIn, session, account: accountIn<Account>(account) }
    },
    async lookAtInteraction(id) {
      return (await db.run<InteractionLook>(lookAtInteraction, [id]))[0] ?? null
    },
  }
}

/** A record's own columns, with those of its account, which are there and empty where it has none. */
type Row<Read, Of = Account> = Omit<Read, 'account'> & NoneOr<Of>
type NoneOr<Of> = Omit<Of, 'id'> & { id: string | null }

type TokenRow = Row<TokenRead, Identity>
type SessionRow = Row<SessionRead>
type InteractionRow = Row<InteractionRead>

function accountIn<Of extends Identity>(row: NoneOr<Of>): Of | null {
  return row.id === null ? null : (row as unknown as Of)
}
