import { isCountry } from '../../base/index.ts'

const RANGES_MAX = 10

/**
 * Where a number without a country code may be from, likeliest first: the operator's country, the regions that the
 * browser's languages name (RFC 9110 §12.5.4), then the one country that texts go to, if there is only one.
 */
export function countriesFor(
  acceptLanguage: string,
  settings: { phoneCountry: string | null; smsCountries: readonly string[] | null },
): string[] {
  const regions = acceptLanguage
    .slice(0, 500)
    .split(',', RANGES_MAX)
    .map((range) => /^\s*[a-z]{2,3}(?:-[a-z]{4})?-([a-z]{2})\b/i.exec(range)?.[1]?.toUpperCase() ?? '')
  const only = settings.smsCountries?.length === 1 ? settings.smsCountries : []
  const likely = [settings.phoneCountry ?? '', ...regions, ...only]
  return [...new Set(likely.filter(isCountry))]
}
