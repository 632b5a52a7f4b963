/**
 * One text for equal values, whatever the order of their members: for hashes and signatures over input. Members that are
 * undefined are left out, as in JSON.
 */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member) => (isRecord(member) ? sorted(member) : member)) ?? 'null'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(record: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(record).sort()
  return Object.fromEntries(names.map((name) => [name, record[name]]))
}
