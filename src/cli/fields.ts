import { z } from 'zod'
import { type OperationName, type OperationSpec, operations } from '../admin/index.ts'

/** One field of an operation's input, as it is written on the command line. */
export interface Field {
  name: string
  /** `record` is written as JSON, as @file, or as name=value, which may be repeated; `list` may be repeated. */
  kind: 'text' | 'boolean' | 'number' | 'list' | 'record'
  help: string
  required: boolean
  /** Part of the path: an argument, and no option. */
  inPath: boolean
  /** The values that it may have; null where there are more. */
  choices: readonly string[] | null
  /** `null` may be given. */
  nullable: boolean
  /** Of a record: whether its values are texts, and never JSON. */
  texts: boolean
}

interface Schema {
  type?: string
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  default?: unknown
  description?: string
  additionalProperties?: Schema | boolean
}

/** Every operation, by its name. */
export const specs: ReadonlyMap<OperationName, OperationSpec> = new Map(
  Object.entries(operations) as unknown as [OperationName, OperationSpec][],
)

/** The fields of an operation: those of its path first and in its order, then the others. */
export function fieldsOf(spec: OperationSpec): Field[] {
  const schema = z.toJSONSchema(spec.input, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, Schema>
    required?: string[]
  }
  const inPath = pathNames(spec)
  const names = Object.keys(schema.properties ?? {})
  const ordered = [...inPath, ...names.filter((name) => !inPath.includes(name))]
  return ordered.map((name) =>
    fieldOf(name, schema.properties?.[name] ?? {}, {
      required: schema.required?.includes(name) ?? false,
      inPath: inPath.includes(name),
    }),
  )
}

/** Names of the parts of the path that come from the input. */
export function pathNames({ path }: Pick<OperationSpec, 'path'>): string[] {
  return [...path.matchAll(/\{([a-z_]+)\}/g)].map(([, name = '']) => name)
}

function fieldOf(name: string, schema: Schema, about: Pick<Field, 'required' | 'inPath'>): Field {
  const forms = schema.anyOf ?? [schema]
  const form = forms.find(({ type }) => type !== 'null') ?? {}
  const choices = form.type === 'array' ? form.items?.enum : form.enum
  return {
    ...about,
    name,
    kind: kindOf(form),
    help: helpOf(schema),
    choices: choices?.map(String) ?? null,
    nullable: forms.some(({ type }) => type === 'null'),
    texts: typeof form.additionalProperties === 'object' && form.additionalProperties.type === 'string',
  }
}

function kindOf({ type }: Schema): Field['kind'] {
  if (type === 'boolean') return 'boolean'
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'array') return 'list'
  return type === 'object' ? 'record' : 'text'
}

function helpOf({ description = '', default: given }: Schema): string {
  const said = given === undefined || given === null || given === false || (Array.isArray(given) && given.length === 0)
  return said ? description : `${description}${description ? '; ' : ''}else ${String(given)}`
}
