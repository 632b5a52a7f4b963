/** The cookies of one browser (RFC 6265: host, path, expiry; ports share, as in every browser). */
export interface CookieJar {
  /** The `Cookie` header for a request to this URL, or `undefined`. */
  header(url: string): string | undefined
  /** Keeps what an answer from this URL sets, as raw `Set-Cookie` values. */
  keep(url: string, setCookies: readonly string[]): void
  /** The value a request to this URL would carry. */
  value(url: string, name: string): string | undefined
  all(): readonly Cookie[]
  empty(): void
}

export interface Cookie {
  name: string
  value: string
  host: string
  path: string
  secure: boolean
  /** Milliseconds since 1970; `null` lasts as long as the browser. */
  expiresAt: number | null
}

/** A jar whose time is `now()` (milliseconds), so that its cookies age with a service whose clock was moved. */
export function createCookieJar(now: () => number = Date.now): CookieJar {
  const cookies = new Map<string, Cookie>()

  function matching(url: string): Cookie[] {
    const { hostname, pathname, protocol } = new URL(url)
    return [...cookies.values()]
      .filter((cookie) => cookie.expiresAt === null || cookie.expiresAt > now())
      .filter((cookie) => cookie.host === hostname && pathMatches(pathname, cookie.path))
      .filter((cookie) => !cookie.secure || protocol === 'https:' || hostname === 'localhost' || hostname === '127.0.0.1')
      .sort((a, b) => b.path.length - a.path.length)
  }

  function keep(url: string, setCookies: readonly string[]): void {
    for (const text of setCookies) {
      const cookie = parse(new URL(url), text, now())
      const key = `${cookie.host} ${cookie.path} ${cookie.name}`
      if (cookie.expiresAt !== null && cookie.expiresAt <= now()) cookies.delete(key)
      else cookies.set(key, cookie)
    }
  }

  return {
    header: (url) =>
      matching(url)
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ') || undefined,
    keep,
    value: (url, name) => matching(url).find((cookie) => cookie.name === name)?.value,
    all: () => [...cookies.values()],
    empty: () => cookies.clear(),
  }
}

function parse(from: URL, text: string, now: number): Cookie {
  const [pair = '', ...rest] = text.split(';')
  const equals = pair.indexOf('=')
  const attributes = new Map(
    rest.map((part) => {
      const [name = '', ...value] = part.split('=')
      return [name.trim().toLowerCase(), value.join('=').trim()]
    }),
  )
  const path = attributes.get('path')
  return {
    name: pair.slice(0, equals).trim(),
    value: pair.slice(equals + 1).trim(),
    host: from.hostname,
    path: path?.startsWith('/') ? path : defaultPath(from.pathname),
    secure: attributes.has('secure'),
    expiresAt: expiry(attributes, now),
  }
}

// RFC 6265 §5.3: Max-Age has precedence over Expires.
function expiry(attributes: Map<string, string>, now: number): number | null {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? null : expires
}

// RFC 6265 §5.1.4
function defaultPath(pathname: string): string {
  return pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')))
}

function pathMatches(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}
