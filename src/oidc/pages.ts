import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import type { Clock } from '../base/index.ts'
import { type Client, type Clients, isOn } from '../clients/index.ts'
import type { AppView, Text } from '../text/index.ts'
import { appViewOf } from './app-view.ts'
import { refusalIn } from './refusal-in.ts'

/** What the server in front keeps for each request. */
export interface RequestState {
  /** The number a person can tell to support. */
  reference: string
  /** Addresses that a form on the page may lead to, beyond our own. */
  formTargets?: string[]
  /** A sign-out was confirmed where there is none to confirm any more. */
  signedOutBefore?: boolean
}

/** The engine's words when a sign-out's form comes without its question. */
const NO_QUESTION = 'could not find logout details'

/** Where somebody comes to who chose to stay signed in. It is served by web. */
const STAYED_PATH = '/stayed'
const XSRF = /name="xsrf" value="([A-Za-z0-9_-]+)"/

/** The engine's pages, drawn as ours: errors that cannot go back to a client, and sign-out. */
export function createEnginePages(deps: { text: Text; clients: Pick<Clients, 'find'>; clock: Clock }) {
  const { text, clients, clock } = deps

  const localeOf = (ctx: KoaContextWithOIDC) =>
    text.chooseLocale(asText(ctx.oidc?.params?.ui_locales), ctx.get('accept-language'))

  async function appOf(ctx: KoaContextWithOIDC): Promise<AppView | null> {
    const id = ctx.oidc?.client?.clientId ?? asText(ctx.oidc?.params?.client_id)
    const client: Client | null = id ? await clients.find(id) : null
    return client ? appViewOf(client) : null
  }

  // Somebody who comes from there should not be told that it does not exist.
  async function isOff(clientId: string | null): Promise<boolean> {
    const client = clientId === null ? null : await clients.find(clientId).catch(() => null)
    return client !== null && !isOn(client, clock.now())
  }

  /** RFC 6749 §4.1.2.1: a bad client or redirect address is told to the person, never redirected. */
  async function renderError(ctx: KoaContextWithOIDC, out: ErrorOut, error: unknown): Promise<void> {
    const state = ctx.state as RequestState
    const { reference } = state
    const pressed = out.error_description === NO_QUESTION && asText(ctx.oidc?.params?.xsrf) !== undefined
    if (pressed && !ctx.oidc?.session?.accountId) state.signedOutBefore = true
    ctx.type = 'html'
    const at = clock.now()
    const back = await appOf(ctx).catch(() => null)
    const refusal = refusalIn(error)
    if (refusal || ctx.status >= 500) {
      const code = refusal?.code ?? 'internal'
      ctx.body = text.page('refusal', { code, reference, at, retryAt: null, back }, localeOf(ctx))
      return
    }
    const clientId = asText(ctx.oidc?.params?.client_id) ?? null
    const gone = sessionGone(out.error, out.error_description) ? ('sign_in_not_open' as const) : null
    const code = (await isOff(clientId)) ? ('application_off' as const) : gone
    ctx.body = code
      ? text.page('refusal', { code, reference, at, retryAt: null, back }, localeOf(ctx))
      : text.page(
          'protocol-error',
          { error: out.error, description: out.error_description ?? '', clientId, reference, at, back },
          localeOf(ctx),
        )
  }

  /** RP-Initiated Logout 1.0 §2: ask first. The engine's form carries its own token. */
  async function logoutSource(ctx: KoaContextWithOIDC, form: string): Promise<void> {
    const app = await appOf(ctx)
    const xsrf = XSRF.exec(form)?.[1] ?? ''
    const uri = asText(ctx.oidc.params?.post_logout_redirect_uri)
    if (uri) (ctx.state as RequestState).formTargets = [uri]
    ctx.type = 'html'
    ctx.body = text.page(
      'sign-out',
      { app, address: null, action: ctx.oidc.urlFor('end_session_confirm'), xsrf, stayUrl: app?.url ?? STAYED_PATH },
      localeOf(ctx),
    )
  }

  async function postLogoutSuccessSource(ctx: KoaContextWithOIDC): Promise<void> {
    ctx.set('Clear-Site-Data', '"cache"') // the back button shows nothing
    ctx.type = 'html'
    ctx.body = text.page('signed-out', { app: await appOf(ctx) }, localeOf(ctx))
  }

  return { renderError, logoutSource, postLogoutSuccessSource }
}

// The engine answers a lost or foreign interaction with `invalid_request`; for a person that is a closed sign-in.
function sessionGone(error: string, description: string | undefined): boolean {
  return error === 'invalid_request' && /session|authorization request has expired/.test(description ?? '')
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
