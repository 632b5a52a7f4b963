import express from 'express'
import oidc from 'express-openid-connect'
import session from 'express-session'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, ORIGIN, SESSION_SECRET } = process.env

const STRONG = 'urn:doorward:acr:3'
const LIFE_MS = 7 * 24 * 3600 * 1000 // of this library's sessions

// Which sessions were ended elsewhere; several instances share one store, such as connect-redis.
const ended = new session.MemoryStore()
// Doorward names the one session that has ended. What the library does by itself ends all sessions of the person.
function onLogoutToken({ iss, sid }) {
  const entry = { cookie: { maxAge: LIFE_MS, expires: Date.now() + LIFE_MS } }
  return new Promise((kept, failed) => ended.set(`${iss}|${sid}`, entry, (error) => (error ? failed(error) : kept())))
}

const app = express()
app.use(
  oidc.auth({
    issuerBaseURL: ISSUER,
    baseURL: ORIGIN,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: SESSION_SECRET,
    idTokenSigningAlg: 'ES256', // it expects RS256 where nothing is said
    authorizationParams: { response_type: 'code', scope: 'openid email profile' }, // without: the implicit flow
    authRequired: false,
    idpLogout: true, // sign out of Doorward too
    backchannelLogout: { store: ended, onLogoutToken },
    enableTelemetry: false,
  }),
)

// `/login`, `/logout`, `/callback` and `/backchannel-logout` are there already.
app.get('/', (req, res) => {
  const { sub, email } = req.oidc.user ?? {}
  res.json(req.oidc.isAuthenticated() ? { sub, email, expiresIn: req.oidc.accessToken?.expires_in } : null)
})
app.post('/refresh', oidc.requiresAuth(), async (req, res) => {
  await req.oidc.accessToken.refresh()
  res.redirect(303, '/')
})
app.get('/userinfo', oidc.requiresAuth(), async (req, res) => res.json(await req.oidc.fetchUserInfo()))
// For something that matters more than the rest. It is a wish, so the answer is looked at.
app.get('/step-up', (_req, res) =>
  res.oidc.login({ returnTo: '/vault', authorizationParams: { acr_values: STRONG, max_age: 300 } }),
)
// `claimEquals` would send whoever has no authenticator to sign in again, for ever.
app.get('/vault', oidc.requiresAuth(), (req, res) => {
  const { acr } = req.oidc.idTokenClaims
  res.status(acr === STRONG ? 200 : 403).json(acr === STRONG ? 'opened' : 'the proof is too weak')
})

const { hostname, port } = new URL(ORIGIN)
app.listen(Number(port), hostname)
