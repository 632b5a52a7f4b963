import type Provider from 'oidc-provider'
import type { Client as EngineClient } from 'oidc-provider'
import { newId } from '../base/index.ts'
import type { LogoutNews } from './logout.ts'
import type { EntryRow } from './records.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** The engine's tokens, as far as one about a sign-out is made of them. */
interface LogoutToken {
  mask: unknown
  set(claim: string, value: unknown): void
  issue(options: { use: string }): Promise<string>
}

/**
 * A logout token (OpenID Connect Back-Channel Logout 1.0 §2.4): signed now, with the key and in the way of the client's ID
 * tokens, good for two minutes; `sid` where the client asked for it. Null where the client is nobody any more.
 */
export async function logoutToken(engine: Provider, { clientId, accountId, sid }: LogoutNews): Promise<string | null> {
  const client = await engine.Client.find(clientId)
  if (!client) return null
  const IdToken = engine.IdToken as unknown as new (claims: object, context: object) => LogoutToken
  const token = new IdToken({ sub: accountId }, { client, ctx: undefined })
  token.mask = { sub: null }
  token.set('events', { [LOGOUT_EVENT]: {} })
  token.set('jti', newId())
  if (client.backchannelLogoutSessionRequired) token.set('sid', sid)
  return await token.issue({ use: 'logout' })
}

/** The engine would send it, and wait for it, while the person waits: here it is only noted, to be sent by a job. */
export function tellByJob<Entry extends EntryRow>(engine: Provider, work: UnitOfWork<Entry>): void {
  Object.assign(engine.Client.prototype, {
    async backchannelLogout(this: EngineClient, accountId: string, sid: string) {
      work.current()?.tellOfLogout({ clientId: this.clientId, accountId, sid })
    },
  })
}
