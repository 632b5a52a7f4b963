/** What a metric is counted or measured by. */
export interface MetricEntry {
  type: 'counter' | 'gauge' | 'histogram'
  labels: readonly string[]
  /** Stands at the metric itself, and on the page. */
  help: string
  /** What its number is: pieces, seconds, money, a share, or a name. */
  unit: 'pieces' | 'seconds' | 'units of its currency' | 'share, 0 to 1' | 'always 1' | '0 or 1' | 'seconds since 1970'
  /**
   * Whose it is: of this process (sum over processes), or of the whole deployment, told by every process alike (take the
   * `max`).
   */
  of: 'process' | 'deployment'
  /** Upper bounds of a histogram. */
  buckets?: readonly number[]
}

const HAND_OVER_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600]
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const PERSON_BUCKETS = [2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800]
const DATABASE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const JOB_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300]

const counter = { type: 'counter', unit: 'pieces', of: 'process' } as const
const gauge = { type: 'gauge', unit: 'pieces', of: 'process' } as const
const seconds = { type: 'histogram', unit: 'seconds', of: 'process' } as const
const everywhere = { type: 'gauge', unit: 'pieces', of: 'deployment' } as const
const money = { type: 'gauge', labels: ['currency'], unit: 'units of its currency', of: 'deployment' } as const

/**
 * Every metric of ours, named as Prometheus asks: a base unit at the end, `_total` for what is counted. No label holds an
 * address, a number, a code, a token or a link; each has few values.
 */
export const metricCatalogue = {
  doorward_build_info: {
    ...{ ...gauge, labels: ['version', 'node'], unit: 'always 1' },
    help: 'Which version runs, and on which Node.',
  },
  doorward_ready: { ...{ ...gauge, labels: [], unit: '0 or 1' }, help: '1 while /readyz answers 200.' },
  doorward_http_request_seconds: {
    ...{ ...seconds, labels: ['method', 'route', 'status'], buckets: REQUEST_BUCKETS },
    help: 'Time to answer a request, by route and status class.',
  },
  doorward_events_total: {
    ...{ ...counter, labels: ['event'] },
    help: 'What happened, by the names of the events.',
  },
  doorward_sign_ins_total: {
    ...{ ...counter, labels: ['methods', 'outcome'] },
    help: 'Sign-ins by what was proven in them (such as link, or code+totp; none where the trail does not say) and outcome: completed, refused, unmet, cancelled.',
  },
  doorward_sign_in_seconds: {
    ...{ ...seconds, labels: ['methods'], buckets: PERSON_BUCKETS },
    help: 'From the request of an application to the sign-in: how long people take, mail included.',
  },
  doorward_challenge_failures_total: {
    ...{ ...counter, labels: ['kind', 'reason'] },
    help: 'Proofs that failed, by kind (email, sms, passkey, totp, recovery, proof_of_work) and reason: wrong, closed (too many wrong ones).',
  },
  doorward_grants_total: {
    ...{ ...counter, labels: ['client', 'type'] },
    help: 'Token answers by application and grant type. The first 100 applications that this process sees have their own value; all others share other, and copies for a trial share try.',
  },
  doorward_messages_total: {
    ...{ ...counter, labels: ['channel', 'route', 'outcome', 'reason'] },
    help: 'Tries to hand a mail or text over, by outcome: handed_over, deferred, failed_over (to the next route), refused, expired; and delivered or bounced, where a receipt said so.',
  },
  doorward_message_handover_seconds: {
    ...{ ...seconds, labels: ['channel', 'route'], buckets: HAND_OVER_BUCKETS },
    help: 'From the request for a message to its hand-over to the next server.',
  },
  doorward_messages_waiting: { ...{ ...everywhere, labels: [] }, help: 'Messages not yet handed over.' },
  doorward_route_breaker_open: {
    ...{ ...gauge, labels: ['channel', 'route'], unit: '0 or 1' },
    help: '1 while this process passes a route over that failed five times in a row.',
  },
  doorward_sms_spend: { ...money, help: 'What texts cost today (UTC).' },
  doorward_sms_spend_cap: { ...money, help: 'The most that texts may cost in a day.' },
  doorward_sms_worst_case: { ...money, help: 'The most that texts can cost in a day, by all caps and countries.' },
  doorward_sms_proven_ratio: {
    ...{ ...everywhere, labels: ['country'], unit: 'share, 0 to 1' },
    help: 'Share of the texts of this hour and the one before whose code was typed.',
  },
  doorward_sms_refusals_total: {
    ...{ ...counter, labels: ['cap'] },
    help: 'Texts refused before they were sent, by the narrowest cap that was full; or not_allowed (a country that is not listed), ratio (too few codes were typed there).',
  },
  doorward_sms_gated_total: {
    ...{ ...counter, labels: ['answer', 'why'] },
    help: 'Requests for a text that met a proof of work or were closed out (answer), and why: cap, ratio or setting.',
  },
  doorward_limit_refusals_total: {
    ...{ ...counter, labels: ['limit'] },
    help: 'Requests refused because a limit was used up, by the limit that keeps longest.',
  },
  doorward_outbound_total: {
    ...{ ...counter, labels: ['purpose', 'outcome'] },
    help: 'Requests to addresses that applications have registered, by purpose (jwks, logout or sector) and by what came of them: ok, or why not.',
  },
  doorward_logouts_total: {
    ...{ ...counter, labels: ['outcome'] },
    help: 'Sign-outs that applications were to be told of: told, refused or given_up.',
  },
  doorward_database_connections: {
    ...{ ...gauge, labels: ['state'] },
    help: 'Connections of the pool by state, idle or busy; waiting counts requests for one, and max is what the pool may hold.',
  },
  doorward_database_wait_seconds: {
    ...{ ...seconds, labels: [], buckets: DATABASE_BUCKETS },
    help: 'Time a piece of work waited for a connection of the pool.',
  },
  doorward_database_statement_seconds: {
    ...{ ...seconds, labels: [], buckets: DATABASE_BUCKETS },
    help: 'Time of a statement, as the process sees it.',
  },
  doorward_database_failures_total: {
    ...{ ...counter, labels: [] },
    help: 'Statements and transactions that ended because the database could not be asked.',
  },
  doorward_database_retries_total: {
    ...{ ...counter, labels: [] },
    help: 'Transactions and lone statements tried again after a lost race, a deadlock or a plan that no longer fits.',
  },
  doorward_clock_skew_seconds: {
    ...{ ...gauge, labels: [], unit: 'seconds' },
    help: 'Clock of the database less clock of this process.',
  },
  doorward_jobs_total: { ...{ ...counter, labels: ['task', 'outcome'] }, help: 'Tries of jobs by outcome: done or failed.' },
  doorward_job_seconds: { ...{ ...seconds, labels: ['task'], buckets: JOB_BUCKETS }, help: 'Time of one try of a job.' },
  doorward_queue_jobs: {
    ...{ ...everywhere, labels: ['task', 'state'] },
    help: 'Jobs by state: due (may run now), running, later (waits for its time), failed (given up, kept for a week).',
  },
  doorward_queue_oldest_due_seconds: {
    ...{ ...everywhere, labels: ['task'], unit: 'seconds' },
    help: 'For how long the oldest due job has been due.',
  },
  doorward_reseal_remaining: {
    ...{ ...everywhere, labels: ['secret'] },
    help: 'Authenticator seeds still sealed with a former secret of SECRETS, by its id; 100000 means that or more.',
  },
  doorward_signing_key_age_seconds: {
    ...{ ...everywhere, labels: ['alg', 'state'], unit: 'seconds' },
    help: 'How long ago a signing key of the service was made, by its state (next, current, previous); of several the oldest.',
  },
  doorward_signing_keys_read_timestamp_seconds: {
    ...{ ...gauge, labels: [], unit: 'seconds since 1970' },
    help: 'When this process last compared its signing keys with those that are stored; it does so every five seconds.',
  },
  doorward_key_rotation_waiting_clients: {
    ...{ ...everywhere, labels: [] },
    help: 'Active clients that have not fetched the next signing key yet; 0 while none is published.',
  },
  doorward_jwks_fetches_total: { ...{ ...counter, labels: [] }, help: 'How often the published signing keys were fetched.' },
  doorward_swept_rows_total: { ...{ ...counter, labels: ['table'] }, help: 'Expired rows that were deleted.' },
  doorward_sweep_seconds: { ...{ ...seconds, labels: [], buckets: JOB_BUCKETS }, help: 'Time of one sweep of expired rows.' },
  doorward_sweep_success_timestamp_seconds: {
    ...{ ...gauge, labels: [], unit: 'seconds since 1970' },
    help: 'When this process last ended a sweep, or its start; the max is when anybody did.',
  },
} as const satisfies Record<string, MetricEntry>

export type MetricName = keyof typeof metricCatalogue
