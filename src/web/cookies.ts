import type { Context } from 'koa'

const KNOWN_BROWSER_SECONDS = 400 * 24 * 3600 // the longest that browsers keep (RFC 6265bis §5.5)
const FLASH_SECONDS = 60
const FLOW_SECONDS = 10 * 60

/** Places of ours that people are signed in to, each with cookies of its own. */
export type OwnCookie = 'account' | 'console'

/**
 * Cookies of our own, beside the engine's. On https they are `__Host-`. One tells that a browser has
 * signed in before, one that its person is not asked for a second factor here, one carries what the next page says. Of the two
 * of the account page, and of the console, one holds the token of a session, one what a request to sign in must know when
 * its answer comes, as has a sign-in that is tried.
 */
export function createCookies(secure: boolean) {
  const name = (plain: string) => (secure ? `__Host-${plain}` : plain)
  // A random token and a sealed value: a signature would say nothing more.
  const own = { httpOnly: true, sameSite: 'lax', secure, signed: false, path: '/', overwrite: true } as const
  const options = { httpOnly: true, sameSite: 'lax', secure, signed: true, path: '/', overwrite: true } as const

  return {
    known: (ctx: Context) => ctx.cookies.get(name('known'), { signed: true }),
    setKnown(ctx: Context, value: string) {
      ctx.cookies.set(name('known'), value, { ...options, maxAge: KNOWN_BROWSER_SECONDS * 1000 })
    },
    device: (ctx: Context) => ctx.cookies.get(name('device'), { signed: true }),
    setDevice(ctx: Context, token: string, seconds: number) {
      ctx.cookies.set(name('device'), token, { ...options, maxAge: seconds * 1000 })
    },
    session: (ctx: Context, place: OwnCookie) => ctx.cookies.get(name(place), { signed: false }),
    /** Ends with the browser, and with the session. */
    setSession(ctx: Context, place: OwnCookie, token: string | null) {
      ctx.cookies.set(name(place), token, own)
    },
    flow: (ctx: Context, place: OwnCookie | 'try') => ctx.cookies.get(name(`${place}-flow`), { signed: false }),
    setFlow(ctx: Context, place: OwnCookie | 'try', sealed: string | null) {
      ctx.cookies.set(name(`${place}-flow`), sealed, { ...own, ...(sealed !== null && { maxAge: FLOW_SECONDS * 1000 }) })
    },
    accountAddress: (ctx: Context) => ctx.cookies.get(name('account-address'), { signed: false }),
    /** What the proof of an address is for, until its code is typed. It ends with the browser, and fits one session. */
    setAccountAddress(ctx: Context, sealed: string | null) {
      ctx.cookies.set(name('account-address'), sealed, own)
    },
    /** Tells the next page of this interaction that the last code was wrong. Read once. */
    takeFlash(ctx: Context, uid: string): string | undefined {
      const value = ctx.cookies.get(name('said'), { signed: true })
      if (value === undefined) return undefined
      ctx.cookies.set(name('said'), null, options)
      return value.startsWith(`${uid}.`) ? value.slice(uid.length + 1) : undefined
    },
    setFlash(ctx: Context, uid: string, said: string) {
      ctx.cookies.set(name('said'), `${uid}.${said}`, { ...options, maxAge: FLASH_SECONDS * 1000 })
    },
  }
}

export type Cookies = ReturnType<typeof createCookies>
