import type { Middleware } from 'koa'
import type { OutputOf } from '../../../admin/index.ts'
import type { ConsoleLogViews } from '../../../text/index.ts'
import { PATHS, queryOf, withQuery } from '../paths.ts'
import { type ConsoleVisit, may } from '../visit.ts'
import { momentOf } from './called.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { completionPlot, handOverPlot, methodsPlot, type Stats, spendPlot } from './plots.ts'
import { createWords, type Words } from './words.ts'

type View = ConsoleLogViews['console-start']

const SPANS = [
  { days: 14, key: 'fortnight' },
  { days: 90, key: 'quarter' },
] as const
/** A mail that waits so long is slow; told while it is among the newest days. */
const SLOW_SECONDS = 60
const NEWEST_DAYS = 2

/** The first page: how sign-ins went, and what somebody should look at. */
export function createStartScreens({ visits, shell, admin, text }: ConsoleScreenDeps) {
  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const words = createWords(text, visit.locale)
    const days = queryOf(ctx, 'days') === '90' ? 90 : 14
    const [stats, file] = await Promise.all([admin.perform('stats.show', visit.actor, { days }), fileFor(visit)])
    visits.show(ctx, visit, 'console-start', {
      shell: shell.of(ctx, visit, 'start'),
      action: PATHS.start,
      spans: SPANS.map((span) => ({ value: String(span.days), key: span.key, chosen: span.days === days })),
      notices: [...fileNotices(file, words), ...slowNotices(stats, visit, words)],
      idle: stats.days.every(({ started }) => started === 0),
      stats: cards(stats, days, words),
      methods: methodsPlot(stats, words),
      completion: completionPlot(stats, words),
      handOver: handOverPlot(stats, words),
      spend: spendPlot(stats, words),
      failures: failureRows(stats, words),
      countedTo: momentOf(stats.counted_to),
    })
  }

  async function fileFor(visit: ConsoleVisit): Promise<OutputOf<'clients-file.show'> | null> {
    return may(visit, 'clients-file.show') ? admin.perform('clients-file.show', visit.actor, {}) : null
  }

  return { show }
}

/** The numbers above the pictures. */
export function cards(stats: Stats, days: number, words: Words): View['stats'] {
  const { say, number, percent, money } = words
  const started = sum(stats.days.map((day) => day.started))
  const completed = sum(stats.days.map((day) => day.completed))
  const medians = present(stats.days.map((day) => day.hand_over_median_seconds))
  const slow = present(stats.days.map((day) => day.hand_over_slow_seconds))
  const { currency, budget_micros_per_day: budget } = stats
  const all = [
    { term: say('start.card.sign_ins'), value: number(completed), detail: compared(completed, stats.before.completed, words) },
    {
      term: say('start.card.completed'),
      value: started === 0 ? '–' : percent(Math.min(1, completed / started)),
      detail: say('start.card.of_started', { count: started }),
    },
    {
      term: say('start.card.accepted'),
      value: medians.length === 0 ? '–' : durationOf(middle(medians), words),
      detail:
        slow.length === 0 ? say('start.card.no_mail') : say('start.card.slowest', { time: durationOf(Math.max(...slow), words) }),
    },
  ]
  if (currency === null) return all
  const spent = money(sum(stats.days.map((day) => day.spent_micros)), currency)
  const detail = budget === null ? '' : say('start.card.of_budget', { money: money(budget * days, currency), days })
  return [...all, { term: say('start.card.spent'), value: spent, detail }]
}

/** Why people did not get in, the most frequent reason first. */
export function failureRows({ failures }: Stats, { say, number }: Words): View['failures'] {
  const met = failures.filter(({ count }) => count > 0).sort((one, other) => other.count - one.count)
  const most = met[0]?.count ?? 1
  return met.map(({ label, count }) => ({
    name: say(`start.failure.${label}`),
    count: number(count),
    share: Math.max(1, Math.round((count / most) * 100)),
  }))
}

function compared(now: number, before: number, { say, percent }: Words): string {
  if (before === 0) return say('start.card.none_before')
  const change = now / before - 1
  if (Math.abs(change) < 0.005) return say('start.card.as_before')
  return say(change > 0 ? 'start.card.more' : 'start.card.fewer', { share: percent(Math.abs(change)) })
}

/** What differs between the clients file and what is registered, or cannot be taken up. */
function fileNotices(file: OutputOf<'clients-file.show'> | null, { say }: Words): View['notices'] {
  if (!file) return []
  const link = { url: PATHS.clients, go: say('start.notice.clients') }
  const of = (what: string, count: number) => ({
    heading: say(`start.notice.${what}`, { count }),
    words: say(`start.notice.${what}_words`),
    ...link,
  })
  return [
    ...(file.faults.length > 0 ? [of('faults', file.faults.length)] : []),
    ...(file.waiting.length > 0 ? [of('waiting', file.waiting.length)] : []),
    ...(file.drift.length > 0 ? [of('drift', file.drift.length)] : []),
  ]
}

function slowNotices(stats: Stats, visit: ConsoleVisit, words: Words): View['notices'] {
  const slow = stats.days.slice(-NEWEST_DAYS).filter((day) => (day.hand_over_slow_seconds ?? 0) >= SLOW_SECONDS)
  const worst = slow.at(-1)
  if (!worst) return []
  const { say, day } = words
  return [
    {
      heading: say('start.notice.slow', { date: day(worst.day) }),
      words: say('start.notice.slow_words', { time: durationOf(worst.hand_over_slow_seconds ?? 0, words) }),
      url: may(visit, 'messages.list') ? withQuery(PATHS.messages, { channel: 'email', state: 'deferred' }) : null,
      go: say('start.notice.messages'),
    },
  ]
}

/** Seconds as people say them. */
function durationOf(seconds: number, { say, number }: Pick<Words, 'say' | 'number'>): string {
  if (seconds < 60) return say('start.seconds', { count: number(seconds) })
  if (seconds < 3600) return say('start.minutes', { count: number(seconds / 60) })
  return say('start.hours', { count: number(seconds / 3600) })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

function present(numbers: readonly (number | null)[]): number[] {
  return numbers.filter((one): one is number => one !== null)
}

function middle(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}
