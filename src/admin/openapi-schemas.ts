import { z } from 'zod'

export type JsonSchema = Record<string, unknown>

/**
 * Schemas as JSON Schema 2020-12, the dialect of OpenAPI 3.1. What looks the same stands once, under the name that asked
 * for it first.
 */
export function createSchemas() {
  const named: Record<string, JsonSchema> = {}
  const nameOf = new Map<string, string>()

  /** A reference to a component. */
  function component(name: string, schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    return componentOf(name, plainSchema(schema, io))
  }

  function componentOf(name: string, schema: JsonSchema): JsonSchema {
    const text = JSON.stringify(schema)
    const known = nameOf.get(text) ?? name
    nameOf.set(text, known)
    named[known] ??= schema
    return { $ref: `#/components/schemas/${known}` }
  }

  return { component, componentOf, named }
}

/** One schema by itself. */
export function plainSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // The format says it, and the pattern is long.
      if (jsonSchema.format) delete jsonSchema.pattern
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.propertyNames && JSON.stringify(jsonSchema.propertyNames) === '{"type":"string"}') {
        delete jsonSchema.propertyNames
      }
    },
  })
  return rest
}
