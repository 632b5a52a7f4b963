import { randomBytes } from 'node:crypto'
import { type Asked, type Exchange, type Recording, statementsOf, type Value } from './tape.ts'

/** An operation that can be repeated without end: each time with ids of its own, of the same size. */
export interface Program {
  /** The last of the takes; its statements have the places in which ids stand. */
  exchanges: Exchange[]
  /** The ids of one more run. */
  nextRun(): Run
}

export interface Run {
  /** The parameters of a statement of the program. */
  valuesOf(statement: Asked): (string | Buffer | null)[]
}

/** A piece of a parameter that is an id: one that this run made, or one of so many runs before. */
interface Place {
  slot: number
  back: number
}
type Template = { pieces: (string | Place)[]; bytes: boolean } | null

/** Long enough to be drawn by lot, or a hash or a sealed value; times and names of things are shorter or always the same. */
const ID = /[A-Za-z0-9_+/=-]{16,}/g
const HEX = /^[0-9a-f-]+$/

const KNOWN_TAKES_MIN = 2

/**
 * A program for each recording, by operation and client. A take in which something came besides, as now and then a write
 * that is due, does not count.
 *
 * @throws where too few takes are alike
 */
export function programsOf(recordings: readonly Recording[]): Map<string, Program> {
  return new Map(
    recordings.map((recording) => {
      const { operation, client } = recording
      const usual = mostCommon(recordings.filter((one) => one.operation === operation).flatMap(({ takes }) => takes.map(shapeOf)))
      const takes = recording.takes.filter((take) => shapeOf(take) === usual)
      if (takes.length >= KNOWN_TAKES_MIN) return [keyOfProgram(operation, client), programOf({ ...recording, takes })]
      throw new Error(`${operation} by ${client} is hardly ever the same:\n${recording.takes.map(shapeOf).join('\n\n')}`)
    }),
  )
}

export const keyOfProgram = (operation: string, client: string) => `${operation} ${client}`

function mostCommon(shapes: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const shape of shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? ''
}

/**
 * Finds out which ids of the last take are its own, and which were made by a take before, as a refresh token is used by
 * the refresh that follows. What stood in the first take already is always the same: the person, the session.
 */
function programOf({ operation, takes }: Recording): Program {
  const last = takes.at(-1) ?? []
  const found = takes.map(idsOf)
  const first = firstSeen(found)
  const own = [...(found.at(-1) ?? [])].filter(([key, id]) => isFirst(first, id, takes.length - 1, key))
  const slots = new Map(own.map(([key], slot) => [key, slot]))
  const lengths = own.map(([, id]) => ({ length: id.length, hex: HEX.test(id) ? dashesOf(id) : null }))
  // What runs before this one made, the latest first.
  const before = found.map((ids) => own.map(([key]) => ids.get(key) ?? '')).reverse()
  const templates = new Map<Asked, Template[]>()
  for (const [at, statement] of last.flatMap(statementsOf).entries()) {
    templates.set(
      statement,
      statement.values.map((value, index) => templateOf(value, (id, nth) => placeOf(id, keyOf(at, index, nth)))),
    )
  }

  function placeOf(id: string, key: string): Place | null {
    const seen = first.get(id)
    if (!seen || seen.take === 0) return null
    const slot = slots.get(seen.key)
    if (slot === undefined) throw new Error(`${operation}: the id at ${key} was made at ${seen.key} once, and not again`)
    return { slot, back: takes.length - 1 - seen.take }
  }

  function nextRun(): Run {
    before.unshift(lengths.map(({ length, hex }) => (hex ? newHex(length, hex) : newId(length))))
    before.length = takes.length
    const known = [...before]
    const idAt = ({ slot, back }: Place) => known[back]?.[slot] ?? ''
    return { valuesOf: (statement) => (templates.get(statement) ?? []).map((template) => written(template, idAt)) }
  }

  return { exchanges: last, nextRun }
}

const shapeOf = (take: readonly Exchange[]) =>
  take.map((exchange) => [exchange.status, ...statementsOf(exchange).map(({ name }) => name)].join(' ')).join('\n')

const keyOf = (statement: number, value: number, nth: number) => `${statement}/${value}/${nth}`

/** By where they stand. */
function idsOf(take: readonly Exchange[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const [at, { values }] of take.flatMap(statementsOf).entries())
    for (const [index, value] of values.entries())
      for (const [nth, id] of idsIn(value).entries()) found.set(keyOf(at, index, nth), id)
  return found
}

const textOf = (value: Exclude<Value, null>) => (typeof value === 'string' ? value : value.bytes)
const idsIn = (value: Value): string[] => (value === null ? [] : (textOf(value).match(ID) ?? []))

type Seen = ReadonlyMap<string, { take: number; key: string }>

function firstSeen(found: readonly Map<string, string>[]): Seen {
  const first = new Map<string, { take: number; key: string }>()
  for (const [take, ids] of found.entries()) for (const [key, id] of ids) if (!first.has(id)) first.set(id, { take, key })
  return first
}

function isFirst(first: Seen, id: string, take: number, key: string): boolean {
  const seen = first.get(id)
  return seen?.take === take && seen.key === key
}

function templateOf(value: Value, placeOf: (id: string, nth: number) => Place | null): Template {
  if (value === null) return null
  const text = textOf(value)
  const pieces: (string | Place)[] = []
  let from = 0
  for (const [nth, match] of [...text.matchAll(ID)].entries()) {
    const place = placeOf(match[0], nth)
    if (!place) continue
    pieces.push(text.slice(from, match.index), place)
    from = match.index + match[0].length
  }
  return { pieces: [...pieces, text.slice(from)], bytes: typeof value !== 'string' }
}

function written(template: Template, idAt: (place: Place) => string): string | Buffer | null {
  if (!template) return null
  let text = ''
  for (const piece of template.pieces) text += typeof piece === 'string' ? piece : idAt(piece)
  return template.bytes ? Buffer.from(text, 'hex') : text
}

/** Where the dashes of a UUID stand. */
const dashesOf = (id: string) => [...id].flatMap((character, at) => (character === '-' ? [at] : []))

const BLOCK_BYTES = 8192
let block = Buffer.alloc(0)
let used = 0

function draw(bytes: number): Buffer {
  if (bytes > BLOCK_BYTES) return randomBytes(bytes)
  if (used + bytes > block.length) {
    block = randomBytes(BLOCK_BYTES)
    used = 0
  }
  used += bytes
  return block.subarray(used - bytes, used)
}

const newId = (length: number) =>
  draw(Math.ceil(length * 0.75))
    .toString('base64url')
    .slice(0, length)

function newHex(length: number, dashes: readonly number[]): string {
  let text = draw(Math.ceil(length / 2))
    .toString('hex')
    .slice(0, length)
  for (const at of dashes) text = `${text.slice(0, at)}-${text.slice(at + 1)}`
  return text
}
