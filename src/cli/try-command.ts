import type { Command } from 'commander'
import * as oidc from 'openid-client'
import { newSecret } from '../base/index.ts'
import type { CommonOptions } from './connect.ts'
import type { Door } from './door.ts'
import { CommandFault } from './exits.ts'
import { openLoopback } from './loopback.ts'
import type { Use } from './operation-commands.ts'
import { record } from './print.ts'
import { jsonText, type Terminal } from './terminal.ts'
import { discovered, refused } from './tokens.ts'

/** A copy of an application that lives for a quarter of an hour. */
interface Copy {
  client_id: string
  client_secret: string
  redirect_uri: string
  scope: string
}

/** One step of a sign-in, and what was seen at it; no code, token or secret is among that. */
interface Step {
  step: string
  seen: Record<string, unknown>
}

const MEANINGS: Readonly<Record<string, string>> = {
  iss: 'who says so',
  sub: 'the person, by an identifier that never changes',
  aud: 'the application that it is for',
  exp: 'good until',
  iat: 'written at',
  auth_time: 'when the person proved who they are',
  nonce: 'ties it to this request',
  at_hash: 'ties it to the access token',
  acr: 'what the proof was worth',
  amr: 'how it was proven',
  sid: 'the session, for sign-out',
  azp: 'who asked for it',
}
const MOMENTS = ['exp', 'iat', 'auth_time']

/** `try <client_id>`: a whole sign-in as the application would do it, step by step. */
export function addTryCommand(program: Command, use: () => Use): void {
  const command = program
    .command('try')
    .description('Try a sign-in to an application, and see each step and claim; a copy of it is made that lives for 15 minutes')
    .argument('<client_id>')
  command.action(async (clientId: string) => {
    const options = command.optsWithGlobals<CommonOptions>()
    const { terminal, door: open } = use()
    const door = await open(options)
    try {
      await tryOut(door, terminal, clientId, options)
    } finally {
      await door.close()
    }
  })
}

async function tryOut(door: Door, terminal: Terminal, clientId: string, { json }: CommonOptions): Promise<void> {
  const loopback = await openLoopback()
  const steps: Step[] = []
  const tell = (step: string, seen: Record<string, unknown>) => {
    steps.push({ step, seen })
    if (json) return
    terminal.out(`${steps.length}. ${step}`)
    for (const line of record(seen, terminal.columns)) terminal.out(`   ${line}`)
  }
  try {
    const copy = (await door.perform('clients.try', { client_id: clientId, redirect_uri: loopback.redirectUri })) as Copy
    const config = await discovered(door.issuer, copy.client_id, oidc.ClientSecretBasic(copy.client_secret))
    await walk({ config, copy, issuer: door.issuer, terminal, tell, answer: loopback.answer })
  } finally {
    loopback.close()
    if (json) terminal.out(jsonText(steps, 2))
  }
}

interface Walk {
  config: oidc.Configuration
  copy: Copy
  issuer: string
  terminal: Terminal
  tell(step: string, seen: Record<string, unknown>): void
  answer(state: string): Promise<URL>
}

async function walk({ config, copy, issuer, terminal, tell, answer }: Walk): Promise<void> {
  const verifier = oidc.randomPKCECodeVerifier()
  const [state, nonce] = [newSecret(), newSecret()]
  const request = {
    redirect_uri: copy.redirect_uri,
    scope: copy.scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  }
  const url = oidc.buildAuthorizationUrl(config, request)
  tell('The application sends the browser to the service', {
    to: `${url.origin}${url.pathname}`,
    client_id: copy.client_id,
    ...request,
  })
  terminal.err('Open this in a browser, and sign in:')
  terminal.err(`  ${url.href}`)
  terminal.browse(url.href)

  const back = await answer(state)
  const { code, ...seen } = Object.fromEntries(back.searchParams)
  tell('The browser comes back to the application', { ...seen, ...(code ? { code: '(not shown)' } : {}) })
  const tokens = await oidc
    .authorizationCodeGrant(config, back, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    .catch((error: unknown) => Promise.reject(failed(issuer, error)))
  tell('The application exchanges the code for tokens', {
    token_type: tokens.token_type,
    expires_in: tokens.expires_in,
    scope: tokens.scope ?? copy.scope,
    tokens: ['access_token', 'id_token', 'refresh_token'].filter((name) => tokens[name] !== undefined),
  })
  const claims = tokens.claims()
  if (!claims) throw new CommandFault('failed', 'there is no ID token')
  tell('The ID token, its signature checked, says', { claims: Object.entries(claims).map(claimOf) })
  const userinfo = await oidc
    .fetchUserInfo(config, tokens.access_token, claims.sub)
    .catch((error: unknown) => Promise.reject(failed(issuer, error)))
  tell('The userinfo endpoint says', { ...userinfo })
}

function claimOf([claim, value]: [string, unknown]) {
  const shown = MOMENTS.includes(claim) && typeof value === 'number' ? new Date(value * 1000).toISOString() : value
  return { claim, value: typeof shown === 'object' ? jsonText(shown) : shown, meaning: MEANINGS[claim] ?? null }
}

// Here a refusal is what was to be found out.
function failed(issuer: string, error: unknown): CommandFault {
  const { message, exit } = refused(issuer, error)
  return new CommandFault(exit === 'unreachable' ? exit : 'failed', message, { cause: error })
}
