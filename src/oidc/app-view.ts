import type { Client } from '../clients/index.ts'
import type { AppView } from '../text/index.ts'

/** An application as pages and mails show it: its registered name, one letter, and its own address. */
export function appViewOf(client: Client): AppView {
  const name = String(client.metadata.client_name ?? client.id)
  const url = homeOf(client)
  return { name, letter: (Array.from(name.trim())[0] ?? 'A').toUpperCase(), ...(url ? { url } : {}) }
}

// Only what was registered: never an address from a request (RFC 9700 §4.11).
function homeOf(client: Client): string | null {
  const uri = client.metadata.initiate_login_uri ?? client.metadata.client_uri
  return typeof uri === 'string' && /^https?:\/\//.test(uri) ? uri : null
}
