import type { IncomingMessage } from 'node:http'

const FORWARDED = ['forwarded', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-server', 'x-original-url', 'x-rewrite-url']

/** What a proxy calls a request; anything else is not told to the log. */
const REQUEST_ID = /^[\w.-]{8,64}$/

/** Under this name the rest of the server finds the Host that was really asked for. */
export const ASKED_HOST = 'x-asked-host'

/**
 * Makes every request look as if it had come to `ISSUER`, before anything reads it: absolute-form targets become
 * paths, Host and scheme are ours, and what a stranger forwards is dropped. No answer can then name another host
 * . The client's address is the one that the last trusted proxy saw.
 *
 * @param proxies how many proxies stand in front; 0 takes the socket's own address
 */
export function createOriginForm(issuer: string, proxies: number): (req: IncomingMessage) => void {
  const { host, protocol } = new URL(issuer)
  const scheme = protocol.slice(0, -1)

  return (req) => {
    const ip = clientAddress(req, proxies)
    req.headers[ASKED_HOST] = req.headers.host ?? ''
    // A name that is not there is not taken away: the object would be slow to read from then on.
    for (const name of FORWARDED) if (name in req.headers) delete req.headers[name]
    req.url = originForm(req.url ?? '/')
    req.headers.host = host
    req.headers['x-forwarded-proto'] = scheme
    req.headers['x-forwarded-for'] = ip
    const upstream = req.headers['x-request-id']
    if (upstream !== undefined && !REQUEST_ID.test(String(upstream))) delete req.headers['x-request-id']
  }
}

// RFC 9112 §3.2.2: a target may be a whole address. Only its path and query count here.
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const url = URL.parse(target)
  return url ? `${url.pathname}${url.search}` : '/'
}

function clientAddress(req: IncomingMessage, proxies: number): string {
  const socket = req.socket.remoteAddress ?? ''
  if (proxies === 0) return socket
  const forwarded = String(req.headers['x-forwarded-for'] ?? '')
  if (proxies === 1 && ALONE.test(forwarded)) return forwarded
  const seen = forwarded
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
  return withoutPort(seen.at(-proxies) ?? socket)
}

/** One IPv4 address and nothing else, as most proxies write it. */
const ALONE = /^[\d.]+$/

// Some proxies write the port behind the address: `203.0.113.7:50100`, `[2001:db8::1]:50100`.
function withoutPort(address: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address
}
