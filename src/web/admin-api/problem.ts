import type { Context } from 'koa'
import {
  ADMIN_LEVEL,
  AdminFault,
  type AdminScope,
  type ApiProblemCode,
  apiProblems,
  CHANGE_MAX_AGE_SECONDS,
  type FieldFault,
  isApiProblem,
} from '../../admin/index.ts'
import { type Log, Refusal } from '../../base/index.ts'
import type { AcrNames } from '../../oidc/index.ts'
import { stateOf } from '../request.ts'
import { NotShown } from './bearer.ts'
import { API_PATH } from './paths.ts'

/** When a 503 says nothing better. */
const RETRY_SOON_SECONDS = 5

interface Told {
  code: ApiProblemCode
  detail: string | null
  faults: readonly FieldFault[]
  retryAfterSeconds: number | null
}

export interface ProblemDeps {
  issuer: string
  acrNames: AcrNames
  log: Log
}

/**
 * Turns whatever ended a request into its problem (RFC 9457), with the challenge that belongs to it (RFC 6750 §3,
 * RFC 9470 §3). A bug says no more than its reference.
 */
export function createProblems(deps: ProblemDeps) {
  const { issuer, log } = deps

  return (ctx: Context, error: unknown, scope: AdminScope | null): void => {
    const { reference } = stateOf(ctx)
    const told = toldOf(error)
    const { status, title } = apiProblems[told.code]
    if (told.code === 'internal') log.error({ err: error, request: reference }, 'a request failed')
    else if (status >= 500) log.warn({ err: error, request: reference }, 'refused')
    for (const name of ['ETag', 'Link', 'Vary', 'Content-Type', 'Content-Length']) ctx.remove(name)
    ctx.status = status
    ctx.set('Cache-Control', 'no-store')
    if (told.retryAfterSeconds !== null) ctx.set('Retry-After', String(told.retryAfterSeconds))
    const challenge = challengeOf(error, told.code, scope)
    if (challenge) ctx.set('WWW-Authenticate', challenge)
    ctx.body = JSON.stringify({
      type: `${issuer}${API_PATH}/problems/${told.code}`,
      title,
      status,
      ...(told.detail === null ? {} : { detail: told.detail }),
      instance: reference,
      ...(told.faults.length > 0 ? { faults: told.faults } : {}),
    })
    ctx.type = 'application/problem+json'
  }

  function challengeOf(error: unknown, code: ApiProblemCode, scope: AdminScope | null): string | null {
    const realm = `Bearer realm="${issuer}${API_PATH}"`
    if (error instanceof NotShown && error.error === null) return realm
    if (code === 'unauthorized') return `${realm}, error="invalid_token"`
    if (code === 'insufficient_scope') return `${realm}, error="insufficient_scope", scope="${scope}"`
    if (code !== 'insufficient_user_authentication') return null
    const acr = deps.acrNames[ADMIN_LEVEL - 1]
    return `${realm}, error="${code}", acr_values="${acr}", max_age="${CHANGE_MAX_AGE_SECONDS}"`
  }
}

function toldOf(error: unknown): Told {
  const plain = { detail: null, faults: [], retryAfterSeconds: null }
  if (error instanceof AdminFault) return { ...plain, code: error.code, detail: error.detail, faults: error.faults }
  if (error instanceof NotShown) return { ...plain, code: 'unauthorized', detail: error.message }
  if (error instanceof Refusal && isApiProblem(error.code)) {
    const retryAfterSeconds = error.retryAfterSeconds ?? (error.code === 'unavailable' ? RETRY_SOON_SECONDS : null)
    return { ...plain, code: error.code, retryAfterSeconds }
  }
  return { ...plain, code: 'internal' }
}
