import type { OwnCookie } from '../cookies.ts'

/** A place of ours that people sign in to as to any application: it is a client of this very issuer. */
export interface Place {
  /** As registered (see clients); its cookies, seals and form tokens go by it as well. */
  clientId: OwnCookie
  /** Its first page, and the path that all others stand below. */
  home: '/account' | '/admin'
  /** An authenticator is asked of whoever has one, or of everybody, whatever a remembered browser may spare. */
  second: 'where_there_is_one' | 'always'
  /** A sign-in that is older opens no session here; null: any that the engine still knows does. */
  signInMaxAgeSeconds: number | null
  /** Pages of a sign-in or of its end: nobody is led to them afterwards. */
  ofTheWay: RegExp
}

export const ACCOUNT_PLACE: Place = {
  clientId: 'account',
  home: '/account',
  second: 'where_there_is_one',
  signInMaxAgeSeconds: null,
  ofTheWay: /^\/account\/(?:sign-in|step-up|callback|sign-out|signed-out|notice|rescue)(?:[/?]|$)/,
}

export const CONSOLE_PLACE: Place = {
  clientId: 'console',
  home: '/admin',
  second: 'always',
  signInMaxAgeSeconds: 30 * 60, // so that an end by idleness is one: see session.ts
  ofTheWay: /^\/admin\/(?:sign-in|step-up|callback|sign-out|signed-out|other-account|rescue|try\/callback|api)(?:[/?]|$)/,
}

export function callbackPath({ home }: Place): string {
  return `${home}/callback`
}

export function signedOutPath({ home }: Place): string {
  return `${home}/signed-out`
}
