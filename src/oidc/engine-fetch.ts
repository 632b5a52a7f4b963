import Provider, { type Configuration } from 'oidc-provider'
import { type Outbound, OutboundFailed } from '../base/index.ts'
import type { ClientContacts } from '../clients/index.ts'

const TIMEOUT_MS = 2500
const BYTES_MAX = 64 * 1024
/** However long a client wants its keys to be kept: one that was stolen must be gone some day. */
const KEPT_SECONDS_MAX = 24 * 3600

/**
 * How the engine fetches what a client has registered: its keys. Through the guard, and with what came of it noted for
 * those who administer the client. Throws where there is nothing to be used, so that nobody is let in by it.
 */
export function createEngineFetch(deps: {
  outbound: Pick<Outbound, 'send'>
  contacts: Pick<ClientContacts, 'note'>
}): NonNullable<Configuration['fetch']> {
  return async (url) => {
    const client = Provider.ctx?.oidc.client
    const purpose = client === undefined || client.jwksUri === String(url) ? 'jwks' : 'sector'
    const note = (outcome: Parameters<ClientContacts['note']>[2]) =>
      client && deps.contacts.note(client.clientId, purpose, outcome)
    try {
      const rest = { headers: { accept: 'application/json' }, timeoutMs: TIMEOUT_MS, bytesMax: BYTES_MAX, expects: [200] }
      const { body, headers } = await deps.outbound.send(purpose, { url: String(url), ...rest })
      if (purpose === 'jwks' && !holdsKeys(body)) throw new OutboundFailed('no_keys')
      note({ ok: true })
      return new Response(new Uint8Array(body), { headers: keptFor(headers['cache-control']) })
    } catch (error) {
      const reason = error instanceof OutboundFailed ? error.reason : 'failed'
      // Our own places are taken: of the application that says nothing.
      if (reason !== 'busy') note({ ok: false, reason })
      throw error
    }
  }
}

function holdsKeys(body: Buffer): boolean {
  try {
    return Array.isArray((JSON.parse(body.toString('utf8')) as { keys?: unknown } | null)?.keys)
  } catch {
    return false
  }
}

// RFC 9111 §5.2.2.1. The engine keeps keys for a minute at least.
function keptFor(cacheControl: string | undefined): Record<string, string> {
  const seconds = /(?:^|[,\s])max-age=(\d+)/i.exec(cacheControl ?? '')?.[1]
  return seconds === undefined ? {} : { 'cache-control': `max-age=${Math.min(Number(seconds), KEPT_SECONDS_MAX)}` }
}
