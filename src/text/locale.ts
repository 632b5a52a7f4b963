const RANGES_MAX = 20
const LENGTH_MAX = 500
const RANGE = /^[a-z]{1,8}(?:-[a-z0-9]{1,8})*$/i
const RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'ur'])

/**
 * The language to answer in: the best of `locales` for the request's `ui_locales` (OIDC Core §3.1.2.1: separated
 * by spaces, best first), then for Accept-Language (RFC 9110 §12.5.4), else `fallback`. Only a name of the list is
 * ever returned, whatever was asked for.
 */
export function chooseLocale(
  locales: readonly string[],
  fallback: string,
  uiLocales: string | undefined,
  acceptLanguage: string | undefined,
): string {
  const byTag = new Map(locales.map((locale) => [locale.toLowerCase(), locale]))
  for (const range of [...spaced(uiLocales), ...weighted(acceptLanguage)]) {
    const found = lookUp(byTag, range)
    if (found) return found
  }
  return fallback
}

/** `rtl` for scripts written from right to left. */
export function directionOf(locale: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.has(locale.split('-')[0] ?? '') ? 'rtl' : 'ltr'
}

// RFC 4647 §3.4: shorten from the end until something matches; a single letter left at the end goes too.
function lookUp(byTag: ReadonlyMap<string, string>, range: string): string | undefined {
  const parts = range.toLowerCase().split('-')
  while (parts.length > 0) {
    const found = byTag.get(parts.join('-'))
    if (found) return found
    parts.pop()
    if (parts.at(-1)?.length === 1) parts.pop()
  }
  return undefined
}

function spaced(uiLocales: string | undefined): string[] {
  return (uiLocales ?? '')
    .slice(0, LENGTH_MAX)
    .split(' ')
    .slice(0, RANGES_MAX)
    .filter((tag) => RANGE.test(tag))
}

function weighted(header: string | undefined): string[] {
  return (header ?? '')
    .slice(0, LENGTH_MAX)
    .split(',')
    .slice(0, RANGES_MAX)
    .map((item) => {
      const [tag = '', ...parameters] = item.split(';').map((part) => part.trim())
      const quality = parameters.find((parameter) => parameter.startsWith('q='))
      return { tag, weight: quality ? Number(quality.slice(2)) : 1 }
    })
    .filter(({ tag, weight }) => RANGE.test(tag) && weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)
}
