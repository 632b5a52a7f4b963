/** How the next server is spoken to, as `SMTP_URL` says it. */
export interface SmtpTarget {
  host: string
  port: number
  /** TLS from the first byte (`smtps://`, RFC 8314 §3.3). */
  implicitTls: boolean
  /**
   * `required`: STARTTLS or nothing, certificate checked. `opportunistic`: STARTTLS where it works, unchecked
   * (RFC 7435). `off`: plain text. The last two only where the URL says so, `off` also on loopback.
   */
  startTls: 'required' | 'opportunistic' | 'off'
  user: string | null
  password: string | null
  /** Name given in EHLO; the host's own where absent. */
  ehloName: string | null
  connectionsMax: number
}

const PARAMETERS = ['tls', 'name', 'connections']
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i
const TLS_MODES = ['required', 'opportunistic', 'off'] as const

/**
 * Reads `smtp://user:password@host:587?tls=required`. Default ports: 587 for smtp, 465 for smtps.
 * Parameters: `tls`, `name` (for EHLO), `connections` (1 to 50, default 5). Throws an `Error` in words for
 * anything else; the message never holds the URL, since that may hold a password.
 */
export function readSmtpUrl(text: string): SmtpTarget {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol) || !url.hostname)
    throw new Error('SMTP_URL is no smtp:// or smtps:// address')
  if (url.hash || !['', '/'].includes(url.pathname)) throw new Error('SMTP_URL has a path or fragment, which means nothing here')
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.includes(name)) throw new Error(`SMTP_URL knows the parameters ${PARAMETERS.join(', ')} only`)
  }
  const implicitTls = url.protocol === 'smtps:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return {
    host,
    port: url.port ? Number(url.port) : implicitTls ? 465 : 587,
    implicitTls,
    startTls: readTls(url.searchParams.get('tls'), implicitTls, LOOPBACK.test(url.hostname)),
    user: url.username ? unescaped(url.username) : null,
    password: url.password ? unescaped(url.password) : null,
    ehloName: readName(url.searchParams.get('name')),
    connectionsMax: readConnections(url.searchParams.get('connections')),
  }
}

// no plain text unless it is written down, or the server is this very machine.
function readTls(text: string | null, implicitTls: boolean, loopback: boolean): SmtpTarget['startTls'] {
  if (text === null) return loopback && !implicitTls ? 'off' : 'required'
  const mode = TLS_MODES.find((known) => known === text)
  if (!mode) throw new Error(`SMTP_URL: tls is one of ${TLS_MODES.join(', ')}`)
  if (implicitTls && mode !== 'required')
    throw new Error('SMTP_URL: smtps:// always checks the certificate; tls cannot be weakened there')
  return mode
}

function readName(text: string | null): string | null {
  if (text !== null && !/^[A-Za-z0-9.-]{1,253}$/.test(text)) throw new Error('SMTP_URL: name is a host name')
  return text
}

function readConnections(text: string | null): number {
  const count = text === null ? 5 : Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 50) throw new Error('SMTP_URL: connections is a number from 1 to 50')
  return count
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error('SMTP_URL: user or password holds a % that is not written as %25')
  }
}
