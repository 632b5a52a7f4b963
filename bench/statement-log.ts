/** What each line of PostgreSQL's log begins with: the database. */
export const LOG_PREFIX = '%d|'

/**
 * Counts the statements that a database was told, by name, or by the first word where they have none. Reads lines such as
 * `bench|LOG:  execute oidc_find: select …` and `bench|LOG:  statement: begin`; further lines of a statement begin with a
 * tab, and the first may be empty.
 */
export function countStatementsIn(log: string, database: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of log.split('\n')) {
    const [, of, name, text = ''] = /^([^|]*)\|LOG: {2}(?:execute ([^:]+)|statement): ?(.*)/.exec(line) ?? []
    if (of !== database) continue
    const key = name && name !== '<unnamed>' ? name : (/\w+/.exec(text)?.[0] ?? 'other').toLowerCase()
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** Of the statements by name, each with how often it came for one operation: those that belong to the operation. */
export function ownStatements(counts: Readonly<Record<string, number>>): Record<string, number> {
  // What runs beside it, such as a look at settings every minute, comes once in a while; and the job queue asks by itself.
  const belongs = ([name, count]: [string, number]) => count >= SELDOM && !name.endsWith('/graphile_worker')
  return Object.fromEntries(Object.entries(counts).filter(belongs))
}

const SELDOM = 0.5

/**
 * Of a sign-in's statements those of the engine: its records, and the person whom it asks for. Every screen looks at the
 * interaction; a login without a screen looks once, to finish it.
 */
export function engineStatements(counts: Readonly<Record<string, number>>): Record<string, number> {
  const { [LOOK]: looks, ...rest } = counts
  const own = Object.entries(rest).filter(([name]) => name.startsWith('oidc_') || name === 'accounts_find')
  return Object.fromEntries(looks === undefined ? own : [...own, [LOOK, Math.min(1, looks)]])
}

const LOOK = 'interaction_look'

export const sumOf = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((all, one) => all + one, 0)
