import { parse } from 'yaml'

/** One value of `helm/values.yaml`: where it stands, what is said about it, and its default. */
export interface ValueLine {
  /** The heading above it. */
  section: string
  /** Such as `image.repository`. */
  path: string
  /** The lines of comment right above it, as one; empty where there are none. */
  words: string
  default: unknown
  /** True where its members stand on lines of their own. */
  open: boolean
}

const HEADING = /^## (.+)$/
const COMMENT = /^ *# ?(.*)$/
const KEY = /^( *)([A-Za-z_][\w./-]*):(?: (.*))?$/

/** Every value of the file in its order, from its text: YAML itself keeps no comments. */
export function valueLines(text: string): ValueLine[] {
  const values: unknown = parse(text)
  const lines: ValueLine[] = []
  const above: { indent: number; key: string }[] = []
  let section = ''
  let words: string[] = []
  for (const line of text.split('\n')) {
    const heading = HEADING.exec(line)
    const comment = COMMENT.exec(line)
    const key = KEY.exec(line)
    if (heading) section = heading[1] ?? ''
    else if (comment) words.push(comment[1] ?? '')
    else if (key) {
      const indent = key[1]?.length ?? 0
      while ((above.at(-1)?.indent ?? -1) >= indent) above.pop()
      above.push({ indent, key: key[2] ?? '' })
      const keys = above.map(({ key }) => key)
      lines.push({ section, path: keys.join('.'), words: words.join(' '), default: valueAt(values, keys), open: !key[3] })
    }
    if (!comment) words = []
  }
  return lines.filter(({ path }) => !lines.some((other) => isWhole(other) && path.startsWith(`${other.path}.`)))
}

/** A value that is said as a whole: its members are the operator's, and are not listed. */
function isWhole({ default: given, path }: ValueLine): boolean {
  return Array.isArray(given) || WHOLE.has(path) || WHOLE.has(path.split('.').at(-1) ?? '')
}

const WHOLE = new Set(['settings', 'secrets', 'resources', 'podSecurityContext', 'labels', 'annotations'])

function valueAt(values: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], values)
}
