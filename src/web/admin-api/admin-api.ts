import type { Context, Middleware } from 'koa'
import {
  type Admin,
  type AdminActor,
  AdminFault,
  type AdminScope,
  apiProblems,
  isApiProblem,
  isChange,
  type OperationSpec,
  openApiDocument,
  operations,
} from '../../admin/index.ts'
import type { Audit } from '../../audit/index.ts'
import { Refusal } from '../../base/index.ts'
import { adminApiId } from '../../clients/index.ts'
import type { LocalLimits } from '../../limits/index.ts'
import { stateOf, whoOf } from '../request.ts'
import { answer, ifMatchOf } from './answering.ts'
import { type BearerDeps, createBearer } from './bearer.ts'
import { API_PATH, createFind, type Found, locationOf } from './paths.ts'
import { createProblems, type ProblemDeps } from './problem.ts'
import { readInput } from './reading.ts'

export interface AdminApiDeps extends Omit<BearerDeps, 'audience' | 'count'>, ProblemDeps {
  admin: Admin
  /** Counts requests by who the token is for, in this process (`admin-api`). */
  localLimits: LocalLimits
  audit: Pick<Audit, 'note'>
}

/**
 * The REST API over the catalogue of operations: everything below `/admin/api/v1`; all else it passes on. It answers its
 * own errors, reads no cookie, and lets no script of another origin in. It needs the request's reference and address.
 */
export function createAdminApi(deps: AdminApiDeps): Middleware {
  const { issuer } = deps
  const bearer = createBearer({ ...deps, audience: adminApiId(issuer), count })
  const problem = createProblems(deps)
  const find = createFind()
  const documents = createDocuments(issuer)

  async function actorOf(ctx: Context): Promise<AdminActor> {
    const who = whoOf(ctx)
    try {
      return await bearer(ctx.get('authorization'), who)
    } catch (error) {
      // Whoever has a token of ours and no role any more is worth a line; strangers without one are not.
      if (error instanceof AdminFault) await deps.audit.note('administrator.refused', { ...who, detail: { reason: error.code } })
      throw error
    }
  }

  function count(subject: string): void {
    const retryAfterSeconds = deps.localLimits.closedFor('admin-api', subject)
    if (retryAfterSeconds !== null) throw new Refusal('too_many_requests', { retryAfterSeconds })
    deps.localLimits.count('admin-api', subject)
  }

  async function serve(ctx: Context, found: Found, name: keyof typeof operations): Promise<void> {
    const spec: OperationSpec = operations[name]
    const actor = await actorOf(ctx)
    const input = await readInput(ctx, isChange(spec), found.values)
    const idempotencyKey = ctx.get('idempotency-key') || null
    if (idempotencyKey && !isChange(spec)) throw new AdminFault('bad_request', 'An Idempotency-Key is for changes only.')
    const output = await deps.admin.perform(name, actor, input as never, { ifMatch: ifMatchOf(ctx), idempotencyKey })
    const status = statusOf(spec, input)
    const location = status === 201 ? locationOf(spec, input, output) : null
    if (location !== null) ctx.set('Location', `${issuer}${API_PATH}${location}`)
    answer(ctx, output, { status, url: `${issuer}${ctx.path}${ctx.search}` })
  }

  return async (ctx, next) => {
    const path = pathBelow(ctx.path)
    if (path === null) return next()
    let scope: AdminScope | null = null
    try {
      const document = documents(path)
      const found = document === null ? find(path) : null
      stateOf(ctx).route = `${API_PATH}${document === null ? (found?.pattern ?? '/…') : '/document'}`
      const methods = document === null ? [...(found?.methods.keys() ?? [])] : ['GET']
      if (methods.length === 0) throw new Refusal('not_found')
      const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
      if (!methods.includes(method)) return refuseMethod(ctx, methods)
      if (document !== null) return showDocument(ctx, document)
      const name = (found as Found).methods.get(method) as keyof typeof operations
      scope = operations[name].scope
      await serve(ctx, found as Found, name)
    } catch (error) {
      problem(ctx, error, scope)
    }
    return undefined
  }

  // RFC 9110 §9.3.7 and §15.5.6. Nothing here is said to a browser's preflight.
  function refuseMethod(ctx: Context, methods: readonly string[]): void {
    ctx.set('Allow', [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', '))
    if (ctx.method !== 'OPTIONS') throw new Refusal('method_not_allowed')
    ctx.set('Cache-Control', 'no-store')
    ctx.status = 204
  }
}

/** The path below that of the API; null for all others. */
function pathBelow(path: string): string | null {
  if (path === API_PATH) return '/'
  return path.startsWith(`${API_PATH}/`) ? path.slice(API_PATH.length) : null
}

// What is only tried makes nothing.
function statusOf(spec: OperationSpec, input: Readonly<Record<string, unknown>>): number {
  return input.dry_run === true ? 200 : (spec.status ?? 200)
}

/** What anybody may read: the description of the API, and that of each problem. */
function createDocuments(issuer: string): (path: string) => string | null {
  let openApi: string | null = null
  return (path) => {
    if (path === '/openapi.json') {
      openApi ??= JSON.stringify(openApiDocument(issuer))
      return openApi
    }
    const code = /^\/problems\/([a-z_]+)$/.exec(path)?.[1] ?? ''
    if (!isApiProblem(code)) return null
    return JSON.stringify({ type: `${issuer}${API_PATH}${path}`, ...apiProblems[code] })
  }
}

function showDocument(ctx: Context, document: string): void {
  ctx.set('Cache-Control', 'no-cache')
  ctx.body = document
  ctx.type = 'application/json'
}
