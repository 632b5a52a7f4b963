import { CommandFault } from './exits.ts'
import type { Field } from './fields.ts'

type ReadFile = (path: string) => string

/** How an option is called: `redirect_uris` is `--redirect-uris`. */
export function optionName(field: string): string {
  return `--${field.replaceAll('_', '-')}`
}

/** The value of a field from what was written for it; `written` is a list where it may be repeated. */
export function fieldValue(field: Field, written: string | boolean | readonly string[], readFile: ReadFile): unknown {
  if (typeof written === 'boolean') return written
  if (field.nullable && written === 'null') return null
  switch (field.kind) {
    case 'number':
      return numberOf(field, String(written))
    case 'list':
      return [written].flat().map((text) => (text.startsWith('{') ? parsed(field, text) : text))
    case 'record':
      return recordOf(field, [written].flat(), readFile)
    default:
      return String(written)
  }
}

function numberOf(field: Field, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw fault(field, `must be a number, not ${JSON.stringify(text)}`)
  return value
}

/** JSON, `@file` with JSON, or `name=value`; what comes later stands above what came before. */
function recordOf(field: Field, parts: readonly string[], readFile: ReadFile): Record<string, unknown> {
  return Object.assign({}, ...parts.map((part) => partOf(field, part, readFile)))
}

function partOf(field: Field, part: string, readFile: ReadFile): Record<string, unknown> {
  if (part.startsWith('@')) return recordIn(field, fileText(field, part.slice(1), readFile))
  if (part.trimStart().startsWith('{')) return recordIn(field, part)
  const at = part.indexOf('=')
  if (at < 1) throw fault(field, `takes JSON, @file or name=value, not ${JSON.stringify(part)}`)
  const text = part.slice(at + 1)
  return { [part.slice(0, at)]: field.texts ? text : jsonOrText(text) }
}

function recordIn(field: Field, text: string): Record<string, unknown> {
  const value = parsed(field, text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(field, 'must be a JSON object')
  return value as Record<string, unknown>
}

function parsed(field: Field, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw fault(field, 'holds no JSON that can be read')
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function fileText(field: Field, path: string, readFile: ReadFile): string {
  try {
    return readFile(path)
  } catch (cause) {
    throw new CommandFault('usage', `${optionName(field.name)}: the file ${path} cannot be read`, { cause })
  }
}

function fault(field: Field, words: string): CommandFault {
  return new CommandFault('usage', `${field.inPath ? field.name : optionName(field.name)} ${words}`)
}
