import type { Log, Tx } from '../base/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

/** This process must not work on this database. The message is one line for the operator. */
export class DeploymentConflict extends Error {
  override name = 'DeploymentConflict'
}

export interface DeploymentFacts {
  issuer: string
  /** Identifiers of `SECRETS`, newest first. */
  secretIds: readonly string[]
  now: Date
  log: Log
  /** The domain that passkeys are made for, and a former one that is given up; null where none are made. */
  passkeys?: { domain: string; givenUp: string | null } | null
  /** The database is this process's own and moves with it: a trial started on another port. */
  mayMove?: boolean
  /** A command in place: what the services have written stays. */
  asGuest?: boolean
}

const CLAIM: Statement = {
  name: 'deployment_claim',
  text: `insert into deployment (id, issuer, secret_ids, updated_at) values (1, $1, $2, $3) on conflict (id) do nothing`,
}

const READ: Statement = {
  name: 'deployment_read',
  text: `select issuer, secret_ids as "secretIds", passkey_domain as "passkeyDomain" from deployment where id = 1 for update`,
}

const WRITE: Statement = {
  name: 'deployment_write',
  text: `update deployment set issuer = $1, secret_ids = $2, updated_at = $3 where id = 1`,
}

const WRITE_DOMAIN: Statement = {
  name: 'deployment_write_domain',
  text: 'update deployment set passkey_domain = $1 where id = 1',
}

// One that was removed counts as well: its person may take that back.
const ANY_PASSKEY: Statement = {
  name: 'deployment_any_passkey',
  text: `select 1 from credential where kind = 'passkey' and proven_at is not null limit 1`,
}

/**
 * Compares what all instances on one database must agree on (F-63). Throws `DeploymentConflict` when the issuer
 * differs, no secret is common, or there are passkeys for another domain: then sessions, tokens, sealed data or passkeys of
 * one would be broken by the other. Else
 * the row takes this process's secrets, and a difference is a warning, as in the middle of a rotation.
 */
export async function checkDeployment(db: Pick<Database, 'transact'>, facts: DeploymentFacts): Promise<void> {
  const { issuer, secretIds, now, log, mayMove = false, asGuest = false } = facts
  await db.transact(async (tx) => {
    await runIn(tx, CLAIM, [issuer, secretIds, now])
    const [row] = await runIn<{ issuer: string; secretIds: string[]; passkeyDomain: string | null }>(tx, READ, [])
    if (!row) throw new Error('the deployment row vanished')
    if (row.issuer !== issuer && !mayMove)
      throw new DeploymentConflict(
        `this database belongs to ISSUER ${row.issuer}, and ISSUER is ${issuer}: use another database or the same issuer`,
      )
    if (!row.secretIds.some((id) => secretIds.includes(id)))
      throw new DeploymentConflict(
        'no key of SECRETS is one that this database was used with: add the former key behind the new one',
      )
    await agreeOnPasskeys(tx, row.passkeyDomain, facts)
    const sameSecrets = row.secretIds.join() === secretIds.join()
    if (asGuest || (sameSecrets && row.issuer === issuer)) return
    if (!sameSecrets) log.warn('SECRETS differs from that of the last start; expected while keys are exchanged')
    await runIn(tx, WRITE, [issuer, secretIds, now])
  })
}

// An authenticator gives a passkey to the domain that it was made for, and to no other.
async function agreeOnPasskeys(tx: Tx, written: string | null, { passkeys, log, asGuest }: DeploymentFacts): Promise<void> {
  if (!passkeys || written === passkeys.domain) return
  if (written !== null && (await runIn(tx, ANY_PASSKEY, [])).length > 0) {
    if (passkeys.givenUp !== written)
      throw new DeploymentConflict(
        `passkeys were made for ${written}, and PASSKEY_DOMAIN is ${passkeys.domain}: every one would stop working. Use the former domain, or say by PASSKEY_DOMAIN_GIVEN_UP=${written} that they may`,
      )
    if (!asGuest)
      log.warn(
        { from: written, to: passkeys.domain },
        'passkeys are made for another domain from now on: those from before work no more',
      )
  }
  if (!asGuest) await runIn(tx, WRITE_DOMAIN, [passkeys.domain])
}
