import type { Context } from 'koa'

const KNOWN_BROWSER_SECONDS = 400 * 24 * 3600 // the longest that browsers keep (RFC 6265bis §5.5)
const FLASH_SECONDS = 60
const FLOW_SECONDS = 10 * 60
const DAY_SECONDS = 24 * 3600

/** What is known of passkeys in this browser, and for how long. */
const PASSKEY_SECONDS = {
  /** This device could keep one: for as long as a sign-in may take. */
  possible: 3600,
  /** Its person does not want one now. */
  later: 30 * DAY_SECONDS,
  /** Nor ever. */
  never: 365 * DAY_SECONDS,
} as const

export type PasskeyHere = keyof typeof PASSKEY_SECONDS

/** Places of ours that people are signed in to, each with cookies of its own. */
export type OwnCookie = 'account' | 'console'

/**
 * Cookies of our own, beside the engine's. On https they are `__Host-`. One tells that a browser has
 * signed in before, one that its person is not asked for a second factor here, one whether a passkey is to be offered, one
 * carries what the next page says. Of the two
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
    passkey(ctx: Context): PasskeyHere | null {
      const value = ctx.cookies.get(name('passkey'), { signed: true }) ?? ''
      return Object.hasOwn(PASSKEY_SECONDS, value) ? (value as PasskeyHere) : null
    },
    setPasskey(ctx: Context, here: PasskeyHere) {
      ctx.cookies.set(name('passkey'), here, { ...options, maxAge: PASSKEY_SECONDS[here] * 1000 })
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
