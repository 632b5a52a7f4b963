import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { Answer } from './http.ts'

type Json = Record<string, unknown>

/**
 * Holds answers of the admin API against its OpenAPI document: the operation must name the status, the media type and
 * the headers, and the body must be of the shape that stands there.
 */
export function createContract(document: Json) {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true })
  formats.default(ajv)
  const { paths, components } = document as { paths: Record<string, Json>; components: Record<string, Json> }
  const definitions = rewritten(components.schemas as Json) as Json
  const compiled = new Map<string, ValidateFunction>()

  function validatorOf(schema: Json): ValidateFunction {
    const text = JSON.stringify(schema)
    const known = compiled.get(text) ?? ajv.compile({ ...(rewritten(schema) as Json), $defs: definitions })
    compiled.set(text, known)
    return known
  }

  function checkBody(answer: Answer, content: Json, what: string): void {
    const type = (answer.headers['content-type'] ?? '').split(';')[0] ?? ''
    const media = content[type] as { schema: Json } | undefined
    if (!media) throw new Error(`${what}: ${type} is not described`)
    const bodies = type.endsWith('ndjson') ? answer.text.split('\n').filter(Boolean) : [answer.text]
    const validate = validatorOf(media.schema)
    for (const body of bodies) {
      if (!validate(JSON.parse(body))) throw new Error(`${what}: ${ajv.errorsText(validate.errors)}\n${body}`)
    }
  }

  /** Throws where an answer to this request is not as the document says. `path` is below that of the API. */
  return function check(method: string, path: string, answer: Answer): void {
    const what = `${method} ${path} → ${answer.status}`
    const operation = operationOf(paths, method === 'HEAD' ? 'GET' : method, path)
    if (!operation || answer.status === 405 || answer.status === 204) {
      // Nobody describes what is not there: it is a problem all the same.
      if (answer.status >= 400) checkBody(answer, problemContent, what)
      return
    }
    const response = resolved(components, (operation.responses as Json)[answer.status] as Json | undefined)
    if (!response) throw new Error(`${what}: the status is not described\n${answer.text}`)
    for (const [name, header] of Object.entries((response.headers ?? {}) as Json)) {
      const value = answer.headers[name.toLowerCase()]
      const { schema } = resolved(components, header as Json) as { schema: Json }
      if (schema.type === 'integer' && value !== undefined && !/^\d+$/.test(String(value))) throw new Error(`${what}: ${name}`)
    }
    if (response.content && method !== 'HEAD') checkBody(answer, response.content as Json, what)
  }
}

const problemContent = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }

function operationOf(paths: Record<string, Json>, method: string, path: string): Json | null {
  const asked = (path.split('?')[0] ?? '').split('/')
  const fitting = Object.keys(paths).filter((pattern) => {
    const parts = pattern.split('/')
    return parts.length === asked.length && parts.every((part, at) => part.startsWith('{') || part === asked[at])
  })
  const [exact] = fitting.toSorted((a, b) => a.split('{').length - b.split('{').length)
  return exact === undefined ? null : ((paths[exact]?.[method.toLowerCase()] as Json | undefined) ?? null)
}

/** What stands at a reference into the components, or the thing itself. */
function resolved(components: Record<string, Json>, thing: Json | undefined): Json | undefined {
  const [, kind = '', name = ''] = /^#\/components\/(\w+)\/(.+)$/.exec(String(thing?.$ref)) ?? []
  return kind === '' ? thing : (components[kind]?.[name] as Json | undefined)
}

/** The references as they lead in a schema of its own. */
function rewritten(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll('#/components/schemas/', '#/$defs/'))
}
