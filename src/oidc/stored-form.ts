import { hashOf, type Secrets } from '../base/index.ts'
import type { RecordRow, StoredRecord } from './records.ts'

/** The engine's payload, as its models hand it to an adapter. */
export type Payload = Record<string, unknown>

/** Translates between the engine's payloads and what may rest in a database. */
export interface StoredForm {
  /** The id a record is stored under: nothing that was handed out can be read back from it. */
  idOf(value: string): string
  /** User codes are short: a keyed hash, so that the table alone does not give them away. */
  userCodeOf(userCode: string): string
  toRow(model: string, value: string, payload: Payload, expiresAt: Date): RecordRow
  fromRow(model: string, value: string | null, record: StoredRecord): Payload
}

/**
 * `payload.jti` is the raw code, token or cookie and is left out; it comes back from the value that was looked
 * up. An Interaction carries the whole authorization request, the session's cookie and more: it is sealed as one
 * piece. Whose it is, and on which session it hangs, stays readable, so that it can be ended with them; and which client
 * asks, so that what concerns it is read along. A session's `state` holds the secret of the sign-out form: sealed too.
 */
export function createStoredForm(secrets: Secrets): StoredForm {
  function seal(model: string, value: unknown): string {
    return secrets.seal(JSON.stringify(value), `oidc/${model}`)
  }
  function open(model: string, sealed: unknown): Payload {
    return JSON.parse(secrets.open(String(sealed), `oidc/${model}`)) as Payload
  }
  const userCodeOf = (userCode: string) => secrets.hmac('user-code', userCode).toString('base64url')

  function toRow(model: string, value: string, payload: Payload, expiresAt: Date): RecordRow {
    const { jti: _bearer, ...rest } = payload
    return {
      model,
      id: hashOf(value),
      payload: protect(model, rest),
      uid: text(payload.uid),
      grantId: model === 'Interaction' ? null : text(payload.grantId),
      userCode: typeof payload.userCode === 'string' ? userCodeOf(payload.userCode) : null,
      accountId: model === 'Interaction' ? personOf(payload) : text(payload.accountId),
      expiresAt,
    }
  }

  function protect(model: string, payload: Payload): Payload {
    if (model === 'Interaction')
      return { sealed: seal(model, payload), session: sessionOf(payload)?.uid, client: clientOf(payload) }
    if (model === 'Session' && payload.state !== undefined) return { ...payload, state: seal(model, payload.state) }
    return payload
  }

  function fromRow(model: string, value: string | null, record: StoredRecord): Payload {
    let payload = record.payload
    if (model === 'Interaction') payload = open(model, payload.sealed)
    if (model === 'Session' && payload.state !== undefined) payload = { ...payload, state: open(model, payload.state) }
    return {
      ...payload,
      ...(value === null ? {} : { jti: value }),
      ...(record.consumedAt ? { consumed: Math.floor(record.consumedAt.getTime() / 1000) } : {}),
    }
  }

  return { idOf: hashOf, userCodeOf, toRow, fromRow }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** Who has proven who they are there; until then, whose session it was begun in. */
function personOf(interaction: Payload): string | null {
  const { login } = (interaction.result ?? {}) as { login?: { accountId?: unknown } }
  return text(login?.accountId ?? sessionOf(interaction)?.accountId)
}

function sessionOf(interaction: Payload): { uid?: unknown; accountId?: unknown } | undefined {
  return interaction.session as { uid?: unknown; accountId?: unknown } | undefined
}

function clientOf(interaction: Payload): unknown {
  return (interaction.params as { client_id?: unknown } | undefined)?.client_id
}
