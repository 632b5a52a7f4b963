import type { Place } from './place.ts'

const PATH = /^(?:\/[A-Za-z0-9_.~%-]+)*(?:\?[A-Za-z0-9_.~%&=+*-]*)?$/
const LENGTH_MAX = 500

/**
 * A page of the place to be led to, as a path; its first page for whatever else is asked for. A path that a
 * browser would read in another way than it is written is none: no scheme, `//`, `\`, nor dot segments.
 */
export function ownPath({ home, ofTheWay }: Place, asked: unknown): string {
  if (typeof asked !== 'string' || asked.length > LENGTH_MAX || !asked.startsWith(home) || ofTheWay.test(asked)) return home
  if (!PATH.test(asked.slice(home.length))) return home
  const url = URL.parse(asked, 'https://own.invalid')
  return url && `${url.pathname}${url.search}` === asked ? asked : home
}
