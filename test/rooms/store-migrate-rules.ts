// What a migration may do while the version before it serves people.

interface Rule {
  /** What it says to whoever wrote the statement. */
  reason: string
  /** Of a statement on a table that was there before the file. */
  breaks(statement: string): boolean
  /** Allowed where the file is marked `-- contracting`: the version that used it is gone by then. */
  contracting?: true
}

const RULES: readonly Rule[] = [
  {
    reason:
      'an index on a table that is there already blocks every write while it is built: make it in a file of its own, concurrently',
    breaks: (sql) => /^create\s+(?:unique\s+)?index\s+(?!concurrently)/i.test(sql),
  },
  {
    reason:
      'dropping an index waits for every statement on its table, and holds up those behind it: drop it concurrently, or contract',
    breaks: (sql) => /^drop\s+index\s+(?!concurrently)/i.test(sql),
    contracting: true,
  },
  {
    reason: 'a column that must not be null and has no default refuses every row of the version before',
    breaks: (sql) => parts(sql, /add\s+column/i).some((part) => /\bnot\s+null\b/i.test(part) && !/\bdefault\b/i.test(part)),
  },
  {
    reason: 'a default that is another one for each row (a volatile function) rewrites the whole table under a lock',
    breaks: (sql) =>
      parts(sql, /add\s+column/i).some((part) => /\bdefault\b[^,]*\w\s*\(/i.test(part) && !/default\s+now\(\)/i.test(part)),
  },
  {
    reason: 'a generated column or a serial one rewrites the whole table under a lock',
    breaks: (sql) =>
      parts(sql, /add\s+column/i).some((part) => /\bgenerated\s+always\s+as\b|\bserial\b|\bbigserial\b/i.test(part)),
  },
  {
    reason: 'setting not null reads the whole table under a lock: add a check that is not valid, validate it, and then set it',
    breaks: (sql) => /alter\s+column\s+\S+\s+set\s+not\s+null/i.test(sql),
    contracting: true,
  },
  {
    reason: 'another type of a column rewrites the table under a lock, and the version before may not read it',
    breaks: (sql) => /alter\s+column\s+\S+\s+(?:set\s+data\s+)?type\b/i.test(sql),
    contracting: true,
  },
  {
    reason: 'a constraint reads the whole table under a lock: add it `not valid`, and validate it in the next file',
    breaks: (sql) =>
      parts(sql, /add\s+constraint/i).some(
        (part) => /\b(?:foreign\s+key|check|unique|primary\s+key)\b/i.test(part) && !/\bnot\s+valid\b/i.test(part),
      ),
  },
  {
    reason: 'the version before still uses what is renamed: add the new name, write both, and contract later',
    breaks: (sql) => /^alter\s+(?:table|index|type)\b.*\brename\b/is.test(sql),
    contracting: true,
  },
  {
    reason: 'the version before still reads or writes what is dropped',
    breaks: (sql) =>
      /^drop\s+(?:table|type|function|view|column)\b/i.test(sql) ||
      /^alter\s+table\b.*\bdrop\s+(?:column|constraint)\b/is.test(sql),
    contracting: true,
  },
  {
    reason: 'a change of all rows holds their locks until the end of the file: do it in a job, in small batches',
    breaks: (sql) => /^(?:update|delete\s+from|truncate)\b/i.test(sql),
  },
  {
    reason: 'it locks out everybody for as long as it takes',
    breaks: (sql) =>
      /^(?:cluster|vacuum\s+full|reindex\s+(?!.*concurrently)|lock\s+table|refresh\s+materialized\s+view\s+(?!concurrently))/i.test(
        sql,
      ),
  },
]

/** Why this migration must not be applied while people are served; empty where nothing speaks against it. */
export function faultsOf(name: string, sql: string): string[] {
  const statements = statementsOf(sql)
  const made = new Set(statements.flatMap((text) => /^create\s+table\s+(?:if\s+not\s+exists\s+)?(\S+)/i.exec(text)?.[1] ?? []))
  const contracting = name.endsWith('_contracting')
  return statements
    .filter((text) => !made.has(tableOf(text) ?? ''))
    .flatMap((text) =>
      RULES.filter((rule) => !(contracting && rule.contracting) && rule.breaks(text)).map(
        ({ reason }) => `${text.slice(0, 80)} — ${reason}`,
      ),
    )
}

const statementsOf = (sql: string) =>
  sql
    .replace(/--.*$/gm, '')
    .split(';')
    .map((text) => text.trim().replace(/\s+/g, ' '))
    .filter((text) => text !== '')

const tableOf = (sql: string) =>
  /^(?:alter\s+table\s+(?:only\s+)?|update\s+|delete\s+from\s+|create\s+(?:unique\s+)?index\s+(?:concurrently\s+)?\S+\s+on\s+)("[^"]+"|[^\s(]+)/i.exec(
    sql,
  )?.[1]

/** The parts of `alter table` that begin so: `add column a …, add column b …`. */
const parts = (sql: string, beginning: RegExp) =>
  /^alter\s+table\b/i.test(sql) ? sql.split(new RegExp(`(?=\\b${beginning.source})`, 'i')).slice(1) : []
