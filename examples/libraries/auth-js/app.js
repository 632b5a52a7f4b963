import { getToken } from '@auth/core/jwt'
import { ExpressAuth } from '@auth/express'
import express from 'express'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, ORIGIN, SESSION_SECRET } = process.env
const secure = ORIGIN.startsWith('https:')
// Where browsers reach Auth.js; it takes no host from requests then.
process.env.AUTH_URL = ORIGIN

const doorward = {
  id: 'doorward',
  name: 'Doorward',
  type: 'oidc',
  issuer: ISSUER,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  checks: ['pkce', 'state', 'nonce'],
  authorization: { params: { scope: 'openid email profile' } },
}

/** A refresh token works once, and a page sends several requests with one cookie: they share one answer. */
function refreshed(token) {
  const before = token.refreshToken
  if (!answers.has(before)) {
    answers.set(before, refresh(token))
    setTimeout(() => answers.delete(before), 30_000)
  }
  return answers.get(before)
}
const answers = new Map() // of this process; several of them need a lock in their database

async function refresh(token) {
  const response = await fetch(`${ISSUER}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${encodeURIComponent(CLIENT_ID)}:${encodeURIComponent(CLIENT_SECRET)}`)}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token.refreshToken }),
  })
  if (response.status === 400) return null // the session has ended there, so it ends here
  if (!response.ok) throw new Error(`the token endpoint answered ${response.status}`)
  return withTokens(token, await response.json())
}

function withTokens(token, { access_token, expires_in, expires_at, refresh_token, id_token }) {
  return {
    ...token,
    accessToken: access_token,
    expiresAt: expires_at ?? Math.floor(Date.now() / 1000) + expires_in,
    refreshToken: refresh_token ?? token.refreshToken,
    idToken: id_token ?? token.idToken,
  }
}

const config = {
  secret: SESSION_SECRET,
  providers: [doorward],
  callbacks: {
    // Without this `sub` is an id that Auth.js makes up anew at each sign-in.
    jwt({ token, account, profile, trigger }) {
      if (account) return withTokens({ ...token, sub: profile.sub, email: profile.email, acr: profile.acr }, account)
      return trigger === 'update' || token.expiresAt * 1000 < Date.now() ? refreshed(token) : token
    },
    session: ({ session, token }) => ({
      expires: session.expires,
      user: { sub: token.sub, email: token.email, acr: token.acr },
      expiresAt: token.expiresAt,
    }),
  },
}

const app = express()
app.use('/auth', ExpressAuth(config))

// Auth.js signs out of the application alone. This signs out of Doorward too.
app.post('/sign-out', async (req, res) => {
  const token = await getToken({ req, secret: SESSION_SECRET, secureCookie: secure })
  for (const name of Object.keys(cookiesOf(req))) {
    if (name.includes('authjs.session-token')) res.clearCookie(name, { path: '/', secure, httpOnly: true, sameSite: 'lax' })
  }
  const leaving = new URL(`${ISSUER}/logout`)
  if (token?.idToken) leaving.searchParams.set('id_token_hint', token.idToken)
  leaving.searchParams.set('client_id', CLIENT_ID)
  leaving.searchParams.set('post_logout_redirect_uri', `${ORIGIN}/`)
  res.redirect(303, leaving.href)
})

app.get('/', (_req, res) => res.send('<a href="/auth/signin">Sign in</a> <a href="/auth/session">Who am I?</a>'))

function cookiesOf(req) {
  return Object.fromEntries((req.headers.cookie ?? '').split('; ').map((one) => one.split('=')))
}

const { hostname, port } = new URL(ORIGIN)
app.listen(Number(port), hostname)
