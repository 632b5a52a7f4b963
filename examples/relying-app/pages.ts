// The pages of the demo. Whatever comes from outside goes through `html`, which escapes it.

/** What the application knows of the person who signed in. */
export interface Person {
  /** Claims of the ID token, verified. */
  claims: Record<string, unknown>
  userinfo: Record<string, unknown>
  idToken: string
  refreshToken: string | undefined
  expiresInSeconds: number | undefined
  scope: string | undefined
  /** How often the tokens were refreshed. */
  refreshes: number
}

interface Html {
  html: string
}

const CLAIM_WORDS: Record<string, string> = {
  iss: 'Who says so',
  sub: 'Who you are, for ever',
  aud: 'Meant for',
  exp: 'Good until',
  iat: 'Issued',
  auth_time: 'When you signed in',
  nonce: 'Ties it to this browser',
  amr: 'How you proved it',
  acr: 'How strong that was',
  sid: 'Session',
  at_hash: 'Fingerprint of the access token',
  email: 'Email',
  email_verified: 'Email was proven',
  phone_number: 'Phone number',
  phone_number_verified: 'Phone number was proven',
  name: 'Name',
  locale: 'Language',
  updated_at: 'Profile changed',
}
const TIMES = ['exp', 'iat', 'auth_time', 'updated_at']

/** The page before signing in. */
export function homePage(issuer: URL): string {
  return page(
    'A demo application',
    html`<p class="lead">This application keeps no passwords. It lets <b>${issuer.host}</b> tell it who you are.</p>
      <p><a class="button" href="/sign-in">Sign in</a></p>`,
  )
}

/** The page of a signed-in person. */
export function personPage(person: Person): string {
  const name =
    person.userinfo.name ?? person.userinfo.email ?? person.claims.email ?? person.userinfo.phone_number ?? person.claims.sub
  const lifetime =
    person.expiresInSeconds === undefined ? '' : ` It is good for ${Math.round(person.expiresInSeconds / 60)} minutes.`
  return page(
    'You are signed in',
    html`<p class="lead" id="who">${name}</p>
      <div class="row">
        ${person.refreshToken ? html`<form method="post" action="/refresh"><button class="button">Refresh</button></form>` : ''}
        <form method="post" action="/sign-out"><button class="button quiet">Sign out</button></form>
      </div>
      <h2>ID token</h2>
      ${claimList('id-token', person.claims)}
      <h2>Userinfo</h2>
      ${claimList('userinfo', person.userinfo)}
      <h2>Access</h2>
      <p>This application holds an access token for <code>${person.scope ?? 'openid'}</code>.${lifetime}
      ${person.refreshToken ? `It can be refreshed. Refreshed so far: ${person.refreshes}.` : 'It cannot be refreshed.'}</p>
      <h2>Try more</h2>
      <ul>
        <li><a href="/sign-in">Sign in again</a>: you are still signed in there, so no question is asked.</li>
        <li><a href="/sign-in?prompt=login">Prove it again</a> (<code>prompt=login</code>)</li>
        <li><a href="/sign-in?max_age=60">Only if you last proved it over a minute ago</a> (<code>max_age=60</code>)</li>
      </ul>`,
  )
}

/** Where the provider leads back to after signing out. */
export function signedOutPage(): string {
  return page(
    'You are signed out',
    html`<p class="lead">Here and at the provider.</p><p><a class="button" href="/sign-in">Sign in</a></p>`,
  )
}

/** Something went wrong: what it was, the provider's own words, and the way on. */
export function errorPage(words: string, detail?: string): string {
  return page(
    'That did not work',
    html`<p class="lead">${words}</p>
      ${detail ? html`<pre id="error">${detail}</pre>` : ''}
      <p><a class="button" href="/sign-in">Sign in</a> <a class="button quiet" href="/">Start page</a></p>`,
  )
}

function claimList(id: string, claims: Record<string, unknown>): Html {
  const rows = Object.entries(claims).map(
    ([name, value]) =>
      html`<div><dt>${CLAIM_WORDS[name] ?? name} <code>${name}</code></dt><dd data-claim="${name}">${valueWords(name, value)}</dd></div>`,
  )
  return html`<dl id="${id}">${rows}</dl>`
}

function valueWords(name: string, value: unknown): unknown {
  if (TIMES.includes(name) && typeof value === 'number')
    return new Date(value * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

function page(heading: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${heading} – Demo</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">Demo application</a></header>
<main>
<h1>${heading}</h1>
${body}
</main>
</body>
</html>
`.html
}

/** A template whose values are escaped, unless they were made by `html` themselves. */
function html(parts: TemplateStringsArray, ...values: unknown[]): Html {
  return { html: parts.reduce((text, part, index) => text + (index > 0 ? written(values[index - 1]) : '') + part, '') }
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.map(written).join('')
  if (typeof value === 'object' && value !== null && 'html' in value) return String(value.html)
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return String(value ?? '').replace(/[&<>"']/g, (char) => entities[char] ?? char)
}
