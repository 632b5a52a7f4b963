/** What is counted of a row. */
interface CountedEntry {
  at: Date
  event: string
  attemptId: string | null
  detail: Readonly<Record<string, unknown>>
}

/**
 * What happened on one day (UTC, `YYYY-MM-DD`). `started` and `completed` have an empty label; `method` is how a
 * completed sign-in began, `failure` why somebody did not get in, `hand_over` in how many seconds at most a mail was
 * taken (one of `HAND_OVER_SECONDS`; a mail counts under one of them).
 */
export interface DailyCount {
  day: string
  measure: Measure
  label: string
  count: number
}

export type Measure = 'started' | 'completed' | 'method' | 'failure' | 'hand_over'

/** Bounds of the histogram; what takes longer than a day counts as a day. */
export const HAND_OVER_SECONDS = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 86_400] as const

export const METHODS = ['link', 'code', 'sms', 'passkey', 'totp', 'recovery', 'other'] as const
type Method = (typeof METHODS)[number]

/** Why people did not get in, as far as the trail says it. */
export const FAILURES = ['wrong_codes', 'bounced', 'refused_message', 'budget', 'refused', 'unmet', 'consent_cancelled'] as const
type Failure = (typeof FAILURES)[number]

const METHOD_OF_AMR: Readonly<Record<string, Method>> = {
  email_link: 'link',
  email_code: 'code',
  sms: 'sms',
  passkey: 'passkey',
  otp: 'totp',
  recovery_code: 'recovery',
}

/** The counts of some rows, each day, measure and label once. */
export function dailyCounts(entries: readonly CountedEntry[]): DailyCount[] {
  const counts = new Map<string, DailyCount>()
  for (const entry of entries) {
    const day = entry.at.toISOString().slice(0, 10)
    for (const [measure, label] of countedAs(entry)) {
      const key = `${day} ${measure} ${label}`
      const known = counts.get(key)
      if (known) known.count += 1
      else counts.set(key, { day, measure, label, count: 1 })
    }
  }
  return [...counts.values()]
}

function countedAs(entry: CountedEntry): [Measure, string][] {
  const { event, detail } = entry
  if (event === 'sign_in.started') return [['started', '']]
  if (event === 'sign_in.completed') {
    return [
      ['completed', ''],
      ['method', methodOf(detail.amr)],
    ]
  }
  if (event === 'message.handed_over') {
    const { channel, seconds } = detail
    return channel === 'email' && typeof seconds === 'number' ? [['hand_over', boundOf(seconds)]] : []
  }
  const failure = failureOf(entry)
  return failure ? [['failure', failure]] : []
}

/** The method that the sign-in began with: `amr` names the proofs in their order. */
function methodOf(amr: unknown): Method {
  const named = typeof amr === 'string' ? amr.split(' ') : []
  return named.map((value) => METHOD_OF_AMR[value]).find((method) => method !== undefined) ?? 'other'
}

function boundOf(seconds: number): string {
  return String(HAND_OVER_SECONDS.find((bound) => seconds <= bound) ?? HAND_OVER_SECONDS.at(-1))
}

// Messages without an attempt tell people something; nobody waits for them.
function failureOf({ event, attemptId, detail }: CountedEntry): Failure | null {
  if (event === 'sign_in.code_closed') return 'wrong_codes'
  if (event === 'sign_in.refused') return 'refused'
  if (event === 'sign_in.unmet') return 'unmet'
  if (event === 'consent.cancelled') return 'consent_cancelled'
  if (event === 'message.bounced' && attemptId !== null) return 'bounced'
  if (event === 'message.refused' && attemptId !== null) return detail.reason === 'no_budget' ? 'budget' : 'refused_message'
  return null
}
