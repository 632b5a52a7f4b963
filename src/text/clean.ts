// Marks, overrides and isolates of direction (UAX #9), line separators, and spaces of no width.
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g
const CONTROL = /[\x00-\x1f\x7f-\x9f]+/g

/** One line without control and direction characters: fit for a subject, a title or a sentence. */
export function cleanLine(text: string): string {
  return text.replace(INVISIBLE, '').replace(CONTROL, ' ').trim()
}

/** The name under which props hold words of several lines. */
const LINES = 'text'

/**
 * The same shape with every string cleaned, so that no template is handed a line break or a direction override; only
 * what is named `text` keeps its lines and how far they are indented. Dates, numbers and the like pass as they are.
 */
export function cleanProps(value: unknown): unknown {
  if (typeof value === 'string') return cleanLine(value)
  if (Array.isArray(value)) return value.map(cleanProps)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === LINES && typeof item === 'string' ? cleanLines(item) : cleanProps(item),
    ]),
  )
}

// Programs and YAML mean something by how far a line is indented.
function cleanLines(text: string): string {
  const indented = (line: string) => `${/^[\t ]*/.exec(line)?.[0] ?? ''}${cleanLine(line)}`
  return text
    .split('\n')
    .map((line) => indented(line).trimEnd())
    .join('\n')
}
