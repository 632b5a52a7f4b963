import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as bodyText } from 'node:stream/consumers'
import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'

/** What an application was told of. */
export interface ToldLogout {
  claims: JWTPayload
  header: Readonly<Record<string, unknown>>
}

/**
 * What the application does with it: takes it; never answers; refuses; leads elsewhere; or never stops answering.
 */
export type LogoutBehaviour = 'accept' | 'hang' | 'endless' | { status: number; location?: string }

/** The back-channel logout address of one application, on loopback. */
export interface LogoutReceiver {
  uri: string
  /** What was rightly told and taken, oldest first. */
  told: readonly ToldLogout[]
  /** Every request, whatever came of it. */
  asked(): number
  /** Bytes that were sent back. */
  sent(): number
  behave(how: LogoutBehaviour): void
  /** The next one that is taken, from the `count`th on. */
  until(count: number): Promise<readonly ToldLogout[]>
  /** Resolves once so many requests were made. */
  untilAsked(count: number): Promise<void>
  stop(): Promise<void>
}

const CHUNK = Buffer.alloc(65_536, 'x')

/**
 * An application that verifies what it is told as OpenID Connect Back-Channel Logout 1.0 §2.6 says, with the keys that the
 * issuer publishes; `now` is the application's clock.
 */
export async function startLogoutReceiver(options: {
  clientId: string
  issuer(): string
  now?: () => Date
}): Promise<LogoutReceiver> {
  const told: ToldLogout[] = []
  const seen = new Set<unknown>()
  const waiting = new Set<() => void>()
  let behaviour: LogoutBehaviour = 'accept'
  let [asked, sent] = [0, 0]

  async function verified(request: IncomingMessage): Promise<ToldLogout> {
    const token = new URLSearchParams(await bodyText(request)).get('logout_token') ?? ''
    const keys = createRemoteJWKSet(new URL(`${options.issuer()}/jwks`))
    const { payload } = await jwtVerify(token, keys, {
      issuer: options.issuer(),
      audience: options.clientId,
      typ: 'logout+jwt',
      algorithms: ['ES256', 'RS256'],
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
      ...(options.now ? { currentDate: options.now() } : {}),
    })
    const events = payload.events as Record<string, unknown>
    if (typeof events['http://schemas.openid.net/event/backchannel-logout'] !== 'object') throw new Error('no such event')
    if ('nonce' in payload) throw new Error('a nonce')
    if (payload.sub === undefined && payload.sid === undefined) throw new Error('of nobody')
    if (seen.has(payload.jti)) throw new Error('a replay')
    seen.add(payload.jti)
    return { claims: payload, header: decodeProtectedHeader(token) as Record<string, unknown> }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    asked += 1
    if (request.method !== 'POST') throw new Error(`${request.method}`)
    if (behaviour === 'hang') return
    if (behaviour === 'endless') {
      response.writeHead(200, { 'content-type': 'text/html' })
      const more = () => {
        while (!response.destroyed && response.write(CHUNK)) sent += CHUNK.length
      }
      response.on('drain', more)
      return more()
    }
    if (behaviour !== 'accept') {
      const { status, location } = behaviour
      response.writeHead(status, location === undefined ? {} : { location }).end('<html>no</html>')
      return
    }
    told.push(await verified(request))
    response.writeHead(200, { 'cache-control': 'no-store' }).end()
  }

  const server = createServer((request, response) => {
    request.on('error', () => {})
    response.on('error', () => {})
    handle(request, response)
      .catch((error: unknown) => response.writeHead(400).end(String(error)))
      .finally(() => {
        for (const look of [...waiting]) look()
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  function reached(is: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!is()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  }

  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/backchannel-logout`,
    told,
    asked: () => asked,
    sent: () => sent,
    behave: (how) => {
      behaviour = how
    },
    async until(count) {
      await reached(() => told.length >= count)
      return told
    },
    untilAsked: (count) => reached(() => asked >= count),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
