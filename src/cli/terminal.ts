/** Where a command reads and writes: a person's terminal, or another program. */
export interface Terminal {
  /** A line for standard output: what was asked for. */
  out(line: string): void
  /** A line for standard error: progress, and what went wrong. */
  err(line: string): void
  /** Characters in a line; null where standard output is no terminal, and nothing is cut. */
  columns: number | null
  /** Whether a person sees standard error. */
  interactive: boolean
  /** The text of a file, or throws; `-` is standard input. */
  readFile(path: string): string
  /** The lines of a file, one by one, however long it is; `-` is standard input. */
  lines(path: string): AsyncIterable<string>
  /** Asks the system to open a page in the person's browser; whether it could is not known. */
  browse(url: string): void
}

/**
 * One line that is safe to show: names and addresses come from strangers, and a terminal obeys control characters.
 */
export function plain(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
}

/** JSON in which no control character stands as such, not even those that JSON allows. */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) ?? 'null'
  return text.replace(/[\x7f-\x9f\p{Cf}\u2028\u2029]/gu, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}
