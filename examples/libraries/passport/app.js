import express from 'express'
import session from 'express-session'
import passport from 'passport'
import OpenIDConnectStrategy from 'passport-openidconnect'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, ORIGIN, SESSION_SECRET } = process.env

passport.use(
  'doorward',
  new OpenIDConnectStrategy(
    {
      issuer: ISSUER,
      authorizationURL: `${ISSUER}/authorize`,
      tokenURL: `${ISSUER}/token`,
      clientID: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      callbackURL: `${ORIGIN}/callback`,
      scope: ['email', 'profile'], // it adds openid by itself
      nonce: true,
    },
    // Five parameters: with three or four the ID token, which sign-out needs, is not handed over.
    (_issuer, profile, _context, idToken, done) => done(null, { sub: profile.id, email: profile.emails?.[0]?.value, idToken }),
  ),
)
// The session holds the whole person. An application with a database keeps the `sub` and looks the person up by it.
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
app.set('trust proxy', 1) // behind one proxy that ends TLS
const cookie = { httpOnly: true, sameSite: 'lax', secure: ORIGIN.startsWith('https:') }
// Sessions stand in memory here; give `store` something that lasts.
app.use(session({ secret: SESSION_SECRET, resave: false, saveUninitialized: false, cookie }))
app.use(passport.session())

app.get('/', (req, res) => res.json(req.user ? { sub: req.user.sub, email: req.user.email } : null))
app.get('/sign-in', passport.authenticate('doorward'))
app.get('/callback', passport.authenticate('doorward', { successRedirect: '/', failureRedirect: '/?failed' }))

// A POST, so that no other site can sign people out: the cookie is SameSite=Lax.
app.post('/sign-out', (req, res, next) => {
  const leaving = new URL(`${ISSUER}/logout`)
  if (req.user) leaving.searchParams.set('id_token_hint', req.user.idToken)
  leaving.searchParams.set('client_id', CLIENT_ID)
  leaving.searchParams.set('post_logout_redirect_uri', `${ORIGIN}/`)
  req.logout((error) => (error ? next(error) : res.redirect(303, leaving.href)))
})

const { hostname, port } = new URL(ORIGIN)
app.listen(Number(port), hostname)
