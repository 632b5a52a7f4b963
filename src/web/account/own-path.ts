/** Pages of a sign-in or of its end: nobody is led to them afterwards. */
const OF_THE_WAY = /^\/account\/(?:sign-in|step-up|callback|sign-out|signed-out|notice)(?:[/?]|$)/
const PAGE = /^\/account(?:\/[A-Za-z0-9_.~%-]+)*(?:\?[A-Za-z0-9_.~%&=-]*)?$/
const LENGTH_MAX = 500

export const HOME = '/account'

/**
 * A page of the account page to be led to, as a path; the first page for whatever else is asked for. A path that
 * a browser would read in another way than it is written is none: no scheme, `//`, `\`, nor dot segments.
 */
export function ownPath(asked: unknown): string {
  if (typeof asked !== 'string' || asked.length > LENGTH_MAX || !PAGE.test(asked) || OF_THE_WAY.test(asked)) return HOME
  const url = URL.parse(asked, 'https://own.invalid')
  return url && `${url.pathname}${url.search}` === asked ? asked : HOME
}
