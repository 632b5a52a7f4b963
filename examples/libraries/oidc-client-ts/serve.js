// Any server of static files does; this one shows which headers belong to them.
import { fileURLToPath } from 'node:url'
import express from 'express'

const { ISSUER, CLIENT_ID, ORIGIN } = process.env
const here = fileURLToPath(new URL('.', import.meta.url))
const library = fileURLToPath(import.meta.resolve('oidc-client-ts')).replace(/dist.*/, 'dist/browser/oidc-client-ts.min.js')

const app = express()
app.use((_req, res, next) => {
  // The page talks to the issuer, and loads nothing from anywhere else.
  res.set('Content-Security-Policy', `default-src 'self'; connect-src 'self' ${ISSUER}; frame-ancestors 'none'; base-uri 'none'`)
  next()
})
app.get('/', (_req, res) => res.sendFile('index.html', { root: here }))
app.get('/app.js', (_req, res) => res.sendFile('app.js', { root: here }))
app.get('/oidc-client-ts.min.js', (_req, res) => res.sendFile(library, { dotfiles: 'allow' }))
app.get('/config.json', (_req, res) => res.json({ issuer: ISSUER, clientId: CLIENT_ID }))

const { hostname, port } = new URL(ORIGIN)
app.listen(Number(port), hostname)
