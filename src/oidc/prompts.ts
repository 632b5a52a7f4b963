import { interactionPolicy } from 'oidc-provider'

const { Check, Prompt, base } = interactionPolicy

/**
 * When the engine stops for a person: its own rules for `login` and `consent`, and
 * - `create` (Initiating User Registration via OpenID Connect 1.0) and `select_account`, which both lead to the
 *   first page of a sign-in;
 * - a living session whose account may no longer sign in is asked like no session.
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
  return policy
}
