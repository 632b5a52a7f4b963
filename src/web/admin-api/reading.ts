import bodyParser from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { AdminFault } from '../../admin/index.ts'
import { Refusal } from '../../base/index.ts'

/** An import brings five hundred people at once. */
const BODY_MAX = '1mb'

const parseJson = bodyParser({
  enableTypes: ['json'],
  jsonLimit: BODY_MAX,
  parsedMethods: ['POST', 'PUT', 'PATCH', 'DELETE'],
  patchNode: false,
  encoding: 'utf-8',
  onError: (cause) => {
    throw 'status' in cause && cause.status === 413
      ? new Refusal('too_large', { cause })
      : new AdminFault('bad_request', 'The body is not JSON in UTF-8.')
  },
}) as unknown as Middleware

/**
 * The input of an operation: the parts of its path, and its query or its body, never both. Whatever names a part of the
 * path a second time is refused, and so is a parameter that comes twice.
 */
export async function readInput(ctx: Context, isChange: boolean, path: Readonly<Record<string, string>>) {
  const query = queryOf(ctx)
  if (isChange && Object.keys(query).length > 0) {
    throw new AdminFault('bad_request', 'A change takes its input from its path and its body, not from a query.')
  }
  const given = isChange ? await bodyOf(ctx) : query
  const twice = Object.keys(path).filter((name) => Object.hasOwn(given, name))
  if (twice.length > 0) {
    const faults = twice.map((field) => ({ field, words: 'stands in the path' }))
    throw new AdminFault('invalid_input', 'The input is not right: see the faults.', faults)
  }
  return { ...given, ...path }
}

function queryOf(ctx: Context): Record<string, string> {
  const parameters = new URLSearchParams(ctx.querystring)
  const names = [...parameters.keys()]
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new AdminFault('bad_request', 'A parameter of the query comes more than once.')
  return Object.fromEntries(parameters)
}

async function bodyOf(ctx: Context): Promise<Record<string, unknown>> {
  const { headers } = ctx.req
  const isEmpty = headers['transfer-encoding'] === undefined && (ctx.request.length ?? 0) === 0
  if (isEmpty) return {}
  if (ctx.is('application/json') === false || headers['content-encoding'] !== undefined) {
    throw new Refusal('unsupported_media_type')
  }
  await parseJson(ctx, async () => {})
  const { body } = ctx.request as { body?: unknown }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AdminFault('bad_request', 'The body must be one JSON object.')
  }
  return body as Record<string, unknown>
}
