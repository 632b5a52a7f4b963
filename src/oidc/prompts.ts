import { decodeJwt } from 'jose'
import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'

const { Check, Prompt, base } = interactionPolicy

/**
 * When the engine stops for a person: its own rules for `login` and `consent`, and
 * - `create` (Initiating User Registration via OpenID Connect 1.0) and `select_account`, which both lead to the
 *   first page of a sign-in;
 * - a living session whose account may no longer sign in is asked like no session.
 * Whoever signs in as somebody else than the application asked for brings it an error and no code.
 */
export function createPrompts() {
  const policy = base()
  policy.add(new Prompt({ name: 'create', requestable: true }), 0)
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 1)
  const login = policy.get('login')
  if (!login) throw new Error('the engine has no login prompt')
  login.checks.add(
    new Check('account_unavailable', 'End-User authentication is required', 'login_required', (ctx) => {
      const { session, account } = ctx.oidc
      return Boolean(session?.accountId) && account === undefined
    }),
  )
  login.checks.add(
    new Check('another_subject', 'End-User authentication is required', 'login_required', (ctx) => {
      refuseAnotherSubject(ctx)
      return false
    }),
  )
  return policy
}

// OpenID Connect Core §3.1.2.1: a sign-in as somebody else than the hint's subject ends with an error. The engine looks
// at the hint when the request comes in, its signature too, and not at all when the person comes back.
function refuseAnotherSubject({ oidc }: KoaContextWithOIDC): void {
  const { session, result, params } = oidc
  if (!result?.login || typeof params?.id_token_hint !== 'string') return
  if (decodeJwt(params.id_token_hint).sub === session?.accountId) return
  throw new errors.LoginRequired('another End-User signed in than the one asked for')
}
