import { counterIn, histogramIn, type Metrics } from '../base/index.ts'
import type { AuditRow } from './audit-row.ts'
import { events } from './events.ts'

/** How many applications have a value of their own; the series of a counter stay few, whoever registers what. */
const CLIENTS_MAX = 100
/** Copies that administrators try a sign-in with: many, and each for an hour. */
const TRY = /^try-/

const NAME_OF_AMR: Readonly<Record<string, string>> = {
  email_link: 'link',
  email_code: 'code',
  sms: 'sms',
  passkey: 'passkey',
  otp: 'totp',
  recovery_code: 'recovery',
}
const KINDS = ['email', 'sms', 'totp', 'recovery']
const GRANTS = ['authorization_code', 'client_credentials', 'refresh_token']

type Heard = Pick<AuditRow, 'event' | 'clientId' | 'detail'>

/** Counts what has happened, from rows that have been committed: events by name, sign-ins, failures and grants. */
export function createEventMeasures(metrics: Metrics): (row: Heard) => void {
  const byName = counterIn(metrics, 'doorward_events_total')
  const signIns = counterIn(metrics, 'doorward_sign_ins_total')
  const signInSeconds = histogramIn(metrics, 'doorward_sign_in_seconds')
  const failures = counterIn(metrics, 'doorward_challenge_failures_total')
  const grants = counterIn(metrics, 'doorward_grants_total')
  const clients = new Set<string>()

  // A series that begins at zero lets an alert see the first event.
  for (const event of Object.keys(events)) byName.inc({ event }, 0)
  for (const outcome of ['refused', 'unmet', 'cancelled']) signIns.inc({ methods: 'none', outcome }, 0)

  const ended = (outcome: string) => () => signIns.inc({ methods: 'none', outcome })
  const failed = (kind: string, reason: string) => failures.inc({ kind, reason })
  const granted = (clientId: string | null, type: string) => grants.inc({ client: clientLabel(clientId), type })

  function completed({ detail }: Heard): void {
    const methods = methodsOf(detail.amr)
    signIns.inc({ methods, outcome: 'completed' })
    if (typeof detail.seconds === 'number') signInSeconds.observe({ methods }, detail.seconds)
  }

  function clientLabel(clientId: string | null): string {
    if (clientId === null) return 'none'
    if (TRY.test(clientId)) return 'try'
    if (!clients.has(clientId) && clients.size >= CLIENTS_MAX) return 'other'
    clients.add(clientId)
    return clientId
  }

  const heard: Readonly<Record<string, (row: Heard) => void>> = {
    'sign_in.completed': completed,
    'sign_in.refused': ended('refused'),
    'sign_in.unmet': ended('unmet'),
    'consent.cancelled': ended('cancelled'),
    'sign_in.code_wrong': ({ detail }) => failed(oneOf(KINDS, detail.method), 'wrong'),
    'sign_in.code_closed': ({ detail }) => failed(oneOf(KINDS, detail.method), 'closed'),
    'passkey.wrong': () => failed('passkey', 'wrong'),
    'passkey.counter_back': () => failed('passkey', 'wrong'),
    'passkey.backup_changed': () => failed('passkey', 'wrong'),
    'proof_of_work.refused': () => failed('proof_of_work', 'wrong'),
    'token.issued': ({ clientId, detail }) => granted(clientId, oneOf(GRANTS, detail.grantType)),
    'token.refreshed': ({ clientId }) => granted(clientId, 'refresh_token'),
  }

  return (row) => {
    byName.inc({ event: row.event })
    heard[row.event]?.(row)
  }
}

/** What was proven, in its order, each once: `link`, `code+totp`. */
function methodsOf(amr: unknown): string {
  const named = typeof amr === 'string' ? amr.split(' ') : []
  const names = named.flatMap((value) => NAME_OF_AMR[value] ?? [])
  return [...new Set(names)].join('+') || 'other'
}

function oneOf(known: readonly string[], value: unknown): string {
  return known.find((one) => one === value) ?? 'other'
}
