import { AdminFault, type OperationName, type OperationSpec, operations } from '../../admin/index.ts'
import { adminApiId } from '../../clients/index.ts'

/** Where the API stands on every issuer: its resource indicator is its address. */
export const API_PATH = adminApiId('')

/** What a path leads to: one operation for each method it knows, and the values of its parts in braces. */
export interface Found {
  methods: ReadonlyMap<string, OperationName>
  values: Readonly<Record<string, string>>
  /** The path as the catalogue writes it. */
  pattern: string
}

interface Place {
  pattern: string
  parts: readonly string[]
  methods: Map<string, OperationName>
}

/** The paths of the catalogue, most exact first: a part in braces gives way to a word. */
function places(): Place[] {
  const byPattern = new Map<string, Place>()
  for (const name of Object.keys(operations) as OperationName[]) {
    const { method, path } = operations[name]
    const place = byPattern.get(path) ?? { pattern: path, parts: path.split('/'), methods: new Map() }
    place.methods.set(method, name)
    byPattern.set(path, place)
  }
  const variables = ({ parts }: Place) => parts.filter(isVariable).length
  return [...byPattern.values()].sort((a, b) => variables(a) - variables(b))
}

const isVariable = (part: string) => part.startsWith('{')

/**
 * Finds what a path below `API_PATH` leads to; null where there is nothing. Each part is decoded once, so that the id of
 * an API, an address with slashes, fits into one. Throws `AdminFault('bad_request')` for what cannot be decoded.
 */
export function createFind(): (path: string) => Found | null {
  const all = places()
  return (path) => {
    const asked = path.split('/')
    const place = all.find(({ parts }) => parts.length === asked.length && parts.every((part, at) => fits(part, asked[at])))
    if (!place) return null
    const values = place.parts.flatMap((part, at) => (isVariable(part) ? [[part.slice(1, -1), decoded(asked[at])]] : []))
    return { pattern: place.pattern, methods: place.methods, values: Object.fromEntries(values) }
  }
}

/** Where what an operation has created stands, below `API_PATH`; null where it has no path. */
export function locationOf({ location }: OperationSpec, input: unknown, output: unknown): string | null {
  if (location === undefined) return null
  const { client } = output as { client?: object }
  const values: Readonly<Record<string, unknown>> = { ...(input as object), ...client, ...(output as object) }
  return location.replaceAll(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(String(values[field])))
}

function fits(part: string, asked: string | undefined): boolean {
  return isVariable(part) ? asked !== '' : part === asked
}

function decoded(part = ''): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new AdminFault('bad_request', 'The path is not encoded as a URL.')
  }
}
