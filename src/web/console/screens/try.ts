import type { Context, Middleware } from 'koa'
import { buildAuthorizationUrl, calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier } from 'openid-client'
import { AdminFault } from '../../../admin/index.ts'
import { newId, SealBroken } from '../../../base/index.ts'
import { engineFor } from '../../own-client/engine.ts'
import { clientPath, PATHS } from '../paths.ts'
import { type ConsoleVisit, may } from '../visit.ts'
import { createClientAtHand, idIn } from './client-at-hand.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { redeemTry, type TryRun } from './try-redeem.ts'
import { tryView } from './try-view.ts'

const SEAL = 'console/try'

/**
 * A sign-in as the application would do it, with a copy of it that lives for minutes: this browser goes to the engine and
 * comes back here, and the page shows each step. What was issued is used once, here, and shown to nobody; then the copy
 * is deleted.
 */
export function createTryScreens(deps: ConsoleScreenDeps) {
  const { visits, shell, admin, issuer, cookies, secrets, listener } = deps
  const atHand = createClientAtHand(deps)

  const ask: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const client = await atHand.of(ctx, visit)
    visits.show(ctx, visit, 'console-client-confirm', {
      shell: shell.of(ctx, visit, 'clients'),
      question: 'try',
      subject: client.client_name,
      place: client.client_name,
      facts: [],
      lastUsedAt: null,
      form: visits.form(visit, clientPath(client.client_id, 'try')),
      backUrl: clientPath(client.client_id),
    })
  }

  const begin: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const original = await atHand.of(ctx, visit)
    const redirect_uri = `${issuer}${PATHS.tryCallback}`
    const copy = await admin.perform('clients.try', visit.actor, { client_id: idIn(ctx), redirect_uri })
    const run: TryRun = {
      sessionId: visit.session.id,
      original: { id: original.client_id, name: original.client_name },
      copy: { id: copy.client_id, secret: copy.client_secret },
      idTokenAlg: String(original.fields.id_token_signed_response_alg),
      state: newId(),
      nonce: randomNonce(),
      verifier: randomPKCECodeVerifier(),
      parameters: {},
    }
    const url = buildAuthorizationUrl(configOf(run), {
      redirect_uri: copy.redirect_uri,
      scope: copy.scope,
      state: run.state,
      nonce: run.nonce,
      code_challenge: await calculatePKCECodeChallenge(run.verifier),
      code_challenge_method: 'S256',
      ui_locales: visit.locale,
    })
    const sent = { ...run, parameters: Object.fromEntries(url.searchParams) }
    cookies.setFlow(ctx, 'try', secrets.seal(JSON.stringify(sent), SEAL))
    visits.seeOther(ctx, url.href)
  }

  const configOf = ({ copy, idTokenAlg }: TryRun) => engineFor({ ...copy, idTokenAlg, requireAuthTime: false, issuer, listener })

  /** What this browser waits for, once; null when it waits for none, or somebody else began it. */
  function take(ctx: Context, { session }: ConsoleVisit): TryRun | null {
    const sealed = cookies.flow(ctx, 'try')
    if (sealed === undefined) return null
    cookies.setFlow(ctx, 'try', null)
    try {
      const run = JSON.parse(secrets.open(sealed, SEAL)) as TryRun
      return run.sessionId === session.id ? run : null
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }

  const callback: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const run = take(ctx, visit)
    if (!run) return shell.refuse(ctx, PATHS.clients, deps.text.say('console.try.over', {}, visit.locale))
    const result = await redeemTry(configOf(run), new URL(ctx.url, issuer), run)
    await forget(visit, run)
    const url = clientPath(run.original.id)
    visits.show(ctx, visit, 'console-try', {
      shell: shell.of(ctx, visit, 'clients'),
      client: { name: run.original.name, url },
      ...tryView(result, run, { acrNames: deps.acrNames, say: atHand.sayer(visit) }),
      againUrl: may(visit, 'clients.try') ? clientPath(run.original.id, 'try') : null,
    })
  }

  /** The copy is of no use any more. Where it cannot be deleted now, it ends by itself within minutes. */
  async function forget(visit: ConsoleVisit, { copy }: TryRun): Promise<void> {
    try {
      await admin.perform('clients.delete', visit.actor, { client_id: copy.id })
    } catch (error) {
      if (!(error instanceof AdminFault)) throw error
    }
  }

  return { ask, begin, callback }
}
