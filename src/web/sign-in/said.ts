import type { Context } from 'koa'
import type { AccountSaid } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'

/** What the page after a form must say once. */
export type Said =
  | 'wrong'
  | 'early'
  | 'address_invalid'
  | 'phone_unfit'
  | 'texts_closed'
  | 'digits_invalid'
  | 'code_wrong'
  | 'passkey_refused'
  | 'passkey_known'
  | 'passkey_full'
  | 'own_already'
  | 'taken'
  | AccountSaid

const TYPED_MAX = 254

/** Carries it, with what was typed, from the form to the page (R-136: no state in the address). */
export function say(cookies: Cookies, ctx: Context, uid: string, said: Said, typed = ''): void {
  cookies.setFlash(ctx, uid, `${said}:${Buffer.from(typed.slice(0, TYPED_MAX)).toString('base64url')}`)
}

/** What the last form said, if it was one of `expected`. Read once. */
export function heard<S extends Said>(
  cookies: Cookies,
  ctx: Context,
  uid: string,
  expected: readonly S[],
): { said: S; typed: string } | null {
  const [said, typed = ''] = cookies.takeFlash(ctx, uid)?.split(':') ?? []
  const known = expected.find((one) => one === said)
  return known ? { said: known, typed: Buffer.from(typed, 'base64url').toString('utf8') } : null
}
