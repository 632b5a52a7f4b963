import Provider, { type KoaContextWithOIDC } from 'oidc-provider'
import type { Audit, AuditRow, EventWho } from '../audit/index.ts'
import type { Clock, Log } from '../base/index.ts'
import type { RequestState } from './pages.ts'
import { refusalIn } from './refusal-in.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/**
 * Turns the engine's events into rows of the audit trail. The engine speaks before anything is written, so rows
 * go into the request's unit of work and are counted only after its flush.
 */
export function recordEngineEvents(
  provider: Provider,
  deps: { audit: Audit; work: UnitOfWork<AuditRow>; clock: Clock; log: Log; whoOf(ctx: KoaContextWithOIDC): EventWho },
): void {
  const { audit, work, clock, log } = deps
  const note = (row: AuditRow) => work.current()?.note(row)
  // A client's own token that stands in no record is counted and logged, and has no row: nothing is written for it at all.
  const tell = (row: AuditRow, standsAlone: boolean) => (standsAlone ? audit.announce([row]) : note(row))

  function who(ctx: KoaContextWithOIDC): EventWho {
    const { client, account, session } = ctx.oidc
    return { ...deps.whoOf(ctx), clientId: client?.clientId, accountId: account?.accountId ?? session?.accountId }
  }

  provider.on('grant.success', (ctx) => {
    const grantType = String(ctx.oidc.params?.grant_type)
    const { AccessToken, ClientCredentials } = ctx.oidc.entities
    const token = AccessToken ?? ClientCredentials
    const detail = { scopes: token?.scope ?? '', ...(typeof token?.aud === 'string' ? { resource: token.aud } : {}) }
    if (grantType === 'refresh_token') note(audit.prepare('token.refreshed', { ...who(ctx), detail }))
    else
      tell(audit.prepare('token.issued', { ...who(ctx), detail: { grantType, ...detail } }), ClientCredentials?.format === 'jwt')
  })
  provider.on('interaction.ended', (ctx) => {
    const { login, consent } = ctx.oidc.result ?? {}
    if (!login || consent) return // after a consent the engine tells of the sign-in before it once more
    const since = ctx.oidc.entities.Interaction?.iat
    const seconds = since === undefined ? {} : { seconds: Math.max(0, Math.round(clock.now().getTime() / 1000 - since)) }
    const detail = { amr: (login.amr ?? []).join(' '), acr: login.acr ?? '', ...seconds }
    note(audit.prepare('sign_in.completed', { ...who(ctx), accountId: login.accountId, detail }))
  })
  provider.on('grant.revoked', (ctx) => {
    if (ctx.oidc.route !== 'token') return
    const kind = ctx.oidc.params?.grant_type === 'refresh_token' ? 'refresh_token' : 'code'
    note(audit.prepare('token.reuse_detected', { ...who(ctx), detail: { kind } }))
  })
  const revoked = (kind: string) => () => {
    const ctx = Provider.ctx
    if (ctx?.oidc.route === 'revocation') note(audit.prepare('token.revoked', { ...who(ctx), detail: { kind } }))
  }
  provider.on('access_token.destroyed', revoked('access_token'))
  provider.on('refresh_token.destroyed', revoked('refresh_token'))
  provider.on('end_session.success', (ctx) => {
    if (!ctx.oidc.params?.logout) return // the person stays signed in
    note(audit.prepare('session.ended', { ...who(ctx), detail: { reason: 'signed_out' } }))
  })
  const clientFailed = (endpoint: string) => (ctx: KoaContextWithOIDC, error: { error?: string }) => {
    if (error.error !== 'invalid_client') return
    void audit.note('client.authentication_failed', { ...deps.whoOf(ctx), detail: { reason: endpoint } })
  }
  provider.on('grant.error', clientFailed('token'))
  provider.on('introspection.error', clientFailed('introspect'))
  provider.on('revocation.error', clientFailed('revoke'))
  provider.on('server_error', (ctx, error) => {
    work.current()?.discard()
    const refusal = refusalIn(error)
    if (refusal) {
      ctx.status = refusal.status
      ctx.set('Retry-After', String(refusal.retryAfterSeconds ?? 5))
      if (refusal.status === 429) {
        ctx.body = { error: 'temporarily_unavailable', error_description: 'too many wrong secrets; try again later' }
        return
      }
    }
    log.error({ err: error, reference: (ctx.state as RequestState).reference }, 'the engine failed')
  })
}
