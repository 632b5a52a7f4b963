import express from 'express'
import session from 'express-session'
import * as oidc from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, ORIGIN, SESSION_SECRET } = process.env
const STRONG = 'urn:doorward:acr:3'

const config = await oidc.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  undefined,
  oidc.ClientSecretBasic(CLIENT_SECRET),
  // Plain http is for a trial on one machine.
  { execute: ISSUER.startsWith('http:') ? [oidc.allowInsecureRequests] : [] },
)

const app = express()
app.set('trust proxy', 1) // behind one proxy that ends TLS
const cookie = { httpOnly: true, sameSite: 'lax', secure: ORIGIN.startsWith('https:') }
// Sessions stand in memory here; give `store` something that lasts.
app.use(session({ secret: SESSION_SECRET, resave: false, saveUninitialized: false, cookie }))

app.get('/', (req, res) => {
  const { sub, email, acr } = req.session.claims ?? {}
  res.json(sub ? { sub, email, acr } : null)
})
app.get('/sign-in', (req, res) => begin(req, res))
// For something that matters more than the rest: a second factor, and every proof of the last five minutes.
app.get('/step-up', (req, res) =>
  begin(req, res, {
    claims: JSON.stringify({ id_token: { acr: { essential: true, values: [STRONG] } } }),
    max_age: '300',
    ...(req.session.idToken ? { id_token_hint: req.session.idToken } : {}),
  }),
)

async function begin(req, res, more = {}) {
  const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()]
  req.session.flow = { state, nonce, verifier, strong: 'claims' in more }
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: `${ORIGIN}/callback`,
    scope: 'openid email profile',
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...more,
  })
  res.redirect(address.href)
}

app.get('/callback', async (req, res) => {
  const { flow } = req.session
  if (!flow) return res.status(400).json('This sign-in did not begin in this browser.')
  delete req.session.flow
  const tokens = await oidc.authorizationCodeGrant(config, new URL(req.originalUrl, ORIGIN), {
    expectedState: flow.state,
    expectedNonce: flow.nonce,
    pkceCodeVerifier: flow.verifier,
    ...(flow.strong ? { maxAge: 300 } : {}), // looks at auth_time
  })
  const claims = tokens.claims()
  if (flow.strong && claims.acr !== STRONG) return res.status(403).json('The proof is too weak.')
  // A new id for the session: nobody can have planted it beforehand.
  req.session.regenerate((error) => {
    if (error) throw error
    Object.assign(req.session, { claims, idToken: tokens.id_token, accessToken: tokens.access_token })
    req.session.refreshToken = tokens.refresh_token
    res.redirect('/')
  })
})

app.get('/userinfo', async (req, res) => {
  res.json(await oidc.fetchUserInfo(config, req.session.accessToken, req.session.claims.sub))
})

app.post('/refresh', async (req, res) => {
  const tokens = await oidc.refreshTokenGrant(config, req.session.refreshToken)
  req.session.accessToken = tokens.access_token
  req.session.refreshToken = tokens.refresh_token ?? req.session.refreshToken
  req.session.idToken = tokens.id_token ?? req.session.idToken
  res.redirect(303, '/')
})

// A POST, so that no other site can sign people out: the cookie is SameSite=Lax.
app.post('/sign-out', (req, res) => {
  const hint = req.session.idToken ? { id_token_hint: req.session.idToken } : {}
  const leaving = oidc.buildEndSessionUrl(config, { ...hint, post_logout_redirect_uri: `${ORIGIN}/` })
  req.session.destroy(() => res.redirect(303, leaving.href))
})

app.use((error, _req, res, _next) => {
  // What the provider said: `access_denied`, `unmet_authentication_requirements`, `invalid_grant`.
  const known = error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError
  if (!known) console.error(error)
  res.status(known ? 400 : 500).json(known ? { error: error.error, description: error.error_description } : null)
})

const { hostname, port } = new URL(ORIGIN)
app.listen(Number(port), hostname)
