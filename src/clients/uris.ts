import { LOOPBACK_HOSTS } from '../config/index.ts'

const SCRIPT_SCHEMES = ['javascript:', 'data:', 'vbscript:', 'blob:', 'about:', 'file:', 'view-source:']
const LENGTH_MAX = 2000

/** What a client may register at the place in question. */
export interface UriRules {
  native: boolean
  trial: boolean
}

/**
 * Why a redirect or post-logout URI may not be registered, in words; `null` when it may. Redirects are compared
 * as exact strings, so only the normal form of a URI is taken (OAuth 2.1 §2.3.1, §8.4.3; RFC 8252 §7, §8.4; R-163).
 */
export function redirectFault(uri: string, { native, trial }: UriRules): string | null {
  const url = URL.parse(uri)
  const fault = textFault(uri, url)
  if (fault || !url) return fault
  if (url.protocol === 'https:')
    return native && isLoopback(url) ? 'must be http on loopback: native apps hold no certificate' : null
  if (url.protocol === 'http:') {
    if (!isLoopback(url)) return 'must be https; plain http is for loopback only'
    return native || trial ? null : 'must be https; http on loopback is for native clients and for trial mode'
  }
  if (!url.protocol.includes('.'))
    return `the scheme ${url.protocol} needs a dot: use the name of a domain of yours backwards, such as com.example.app:`
  return native ? null : 'a private-use scheme is for native clients (application_type: native)'
}

/** Why a page or endpoint of a client may not be registered, in words; `null` when it may. */
export function webFault(uri: string, { trial }: Pick<UriRules, 'trial'>): string | null {
  const url = URL.parse(uri)
  const fault = textFault(uri, url)
  if (fault || !url || url.protocol === 'https:') return fault
  return trial && url.protocol === 'http:' && isLoopback(url) ? null : 'must be https'
}

/** Whether an id would be read as a step within an address (RFC 3986 §3.3), so that what is under it could not be reached. */
export function hasDotSegment(id: string): boolean {
  return id.split('/').some((segment) => segment === '.' || segment === '..')
}

/** Why this is no origin of a browser's script, in words; `null` when it is. */
export function originFault(text: string, rules: UriRules): string | null {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an origin such as https://app.example.com'
  const fault = redirectFault(url.href, rules)
  if (fault) return fault
  return url.origin === text ? null : `must be an origin alone: write ${url.origin}`
}

/** Why this is no resource indicator, in words; `null` when it is: an absolute URI without a fragment (RFC 8707 §2). */
export function resourceFault(uri: string): string | null {
  const url = URL.parse(uri)
  if (!url) return 'must be an absolute URI such as https://api.example.com'
  return textFault(uri, url)
}

// What is dangerous or never equal to what a client would send, whatever the place.
function textFault(uri: string, url: URL | null): string | null {
  if (uri.length > LENGTH_MAX) return `is longer than ${LENGTH_MAX} characters`
  if (/[^\x21-\x7e]|\\/.test(uri)) return 'holds white space, a backslash or characters that must be percent-encoded'
  if (!url) return 'is no absolute URI'
  if (SCRIPT_SCHEMES.includes(url.protocol))
    return `the scheme ${url.protocol} is not allowed: it could run or read what it should not`
  if (uri.includes('#')) return 'must not hold a fragment (#)'
  if (url.username || url.password || /^[^/]*:\/\/[^/?]*@/.test(uri))
    return 'must not hold a user name or password (@ before the path)'
  if (uri.includes('*')) return 'must not hold a wildcard (*): register every URI that is used'
  if (url.href !== uri && url.href !== `${uri}/`) return `is not written in its normal form: write ${url.href}`
  return null
}

function isLoopback(url: URL): boolean {
  return LOOPBACK_HOSTS.includes(url.hostname)
}
