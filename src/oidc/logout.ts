import {
  addSeconds,
  type Clock,
  counterIn,
  type Log,
  type Metrics,
  type Outbound,
  OutboundFailed,
  randomFrom,
} from '../base/index.ts'
import { type ClientContacts, type Clients, isOn } from '../clients/index.ts'

/** A session of an application that has ended. Ids alone: they are kept in plain text. */
export interface LogoutNews {
  clientId: string
  /** The session as this application knows it. */
  sid: string
  accountId: string
}

/** The same as a job. */
export interface LogoutDue extends LogoutNews {
  /** When the session ended. */
  since: string
  /** How often it was tried. */
  tries: number
}

export interface LogoutDeps {
  clients: Pick<Clients, 'find'>
  /** A fresh logout token; null where the client is nobody to the engine. */
  tokenFor(news: LogoutNews): Promise<string | null>
  outbound: Pick<Outbound, 'send'>
  contacts: Pick<ClientContacts, 'note'>
  /** Puts it back into the queue. */
  later(due: LogoutDue, at: Date): Promise<void>
  clock: Clock
  log: Log
  metrics: Metrics
}

/** Logout requests that one process sends at once; the queue has as many places beside those of all other jobs. */
export const LOGOUTS_AT_ONCE = 8

const SEND_TIMEOUT_MS = 5000
const ROOM_PAUSE_SECONDS = 1
const DELAYS_SECONDS = [5, 15, 60, 300, 900, 1800]
const GIVE_UP_SECONDS = 3600
// OpenID Connect Back-Channel Logout §2.8: the application understood, and says no.
const REFUSED_STATUS = 400
const REFUSED_TRIES_MAX = 3
/** Failures in a row after which a client is left alone for a while, whatever else it is to be told. */
const PATIENCE_TRIES = 3
const PAUSE_SECONDS_MAX = 60
const PAUSED_MAX = 10_000

/**
 * Tells an application that a session has ended (OpenID Connect Back-Channel Logout 1.0). Tried again for an hour; who
 * does not answer is paused for all its sessions, so that it does not take the places of those that do.
 */
export function createLogoutJob(deps: LogoutDeps): (payload: Readonly<Record<string, string>>) => Promise<void> {
  const { clients, outbound, contacts, clock, log } = deps
  const counter = counterIn(deps.metrics, 'doorward_logouts_total')
  const paused = new Map<string, { failures: number; until: Date }>()
  let running = 0

  async function uriOf(clientId: string): Promise<string | null> {
    const client = await clients.find(clientId)
    return client && isOn(client, clock.now()) ? (client.metadata.backchannel_logout_uri ?? null) : null
  }

  async function send(due: LogoutDue, uri: string): Promise<void> {
    const token = await deps.tokenFor(due)
    if (token === null) return
    const body = new URLSearchParams({ logout_token: token }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: '*/*' }
    const rest = { timeoutMs: SEND_TIMEOUT_MS, bytesMax: 0, expects: [200, 204] }
    try {
      await outbound.send('logout', { url: uri, method: 'POST', headers, body, ...rest })
      paused.delete(due.clientId)
      contacts.note(due.clientId, 'logout', { ok: true })
      counter.inc({ outcome: 'told' })
    } catch (error) {
      if (!(error instanceof OutboundFailed)) throw error
      if (error.reason === 'busy') return await deps.later(due, addSeconds(clock.now(), ROOM_PAUSE_SECONDS))
      contacts.note(due.clientId, 'logout', { ok: false, reason: error.reason })
      await failed(due, error)
    }
  }

  async function failed(due: LogoutDue, { reason, status }: OutboundFailed): Promise<void> {
    const refused = status === REFUSED_STATUS
    if (!refused) pause(due.clientId)
    const tries = due.tries + 1
    const at = refused && tries >= REFUSED_TRIES_MAX ? null : nextTry({ ...due, tries }, clock.now())
    if (at) await deps.later({ ...due, tries }, at)
    else giveUp({ ...due, tries }, reason, refused ? 'refused' : 'given_up')
  }

  function giveUp({ clientId, tries }: LogoutDue, reason: string, outcome: 'refused' | 'given_up' = 'given_up'): void {
    counter.inc({ outcome })
    log.warn({ client: clientId, tries, reason }, 'an application was not told of a sign-out')
  }

  function pause(clientId: string): void {
    const failures = (paused.get(clientId)?.failures ?? 0) + 1
    const seconds = failures < PATIENCE_TRIES ? 0 : Math.min(PAUSE_SECONDS_MAX, 5 * 2 ** (failures - PATIENCE_TRIES))
    if (paused.size >= PAUSED_MAX) paused.clear()
    paused.set(clientId, { failures, until: addSeconds(clock.now(), seconds) })
  }

  return async (payload) => {
    const due = dueOf(payload)
    const uri = await uriOf(due.clientId)
    if (uri === null) return
    const now = clock.now()
    const until = paused.get(due.clientId)?.until
    if (until && until > now) return isWorthIt(due, until) ? await deps.later(due, until) : giveUp(due, 'paused')
    if (running >= LOGOUTS_AT_ONCE) return await deps.later(due, addSeconds(now, ROOM_PAUSE_SECONDS))
    running += 1
    try {
      await send(due, uri)
    } finally {
      running -= 1
    }
  }
}

function dueOf({
  clientId = '',
  sid = '',
  accountId = '',
  since = '',
  tries = '0',
}: Readonly<Record<string, string>>): LogoutDue {
  return { clientId, sid, accountId, since, tries: Number(tries) }
}

function isWorthIt({ since }: LogoutDue, at: Date): boolean {
  return at < addSeconds(new Date(since), GIVE_UP_SECONDS)
}

/** Null when it is given up. Each is moved by up to a fifth, so that what failed together does not return together. */
function nextTry(due: LogoutDue, now: Date): Date | null {
  const base = DELAYS_SECONDS[due.tries - 1] ?? DELAYS_SECONDS.at(-1) ?? 0
  const at = addSeconds(now, (base * randomFrom(100, 120)) / 100)
  return isWorthIt(due, at) ? at : null
}
