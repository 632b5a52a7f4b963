import { createHash } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Context, Next } from 'koa'
import type Provider from 'oidc-provider'

/** Codings of content (RFC 9110 §8.4.1) that a document is ready in. */
export type Coding = 'identity' | 'gzip' | 'br'

export interface PublishedForm {
  /** A character for each byte (`latin1`): the head and a text go to the socket as one piece, the head and a buffer as two. */
  bytes: string
  length: string
  etag: string
}

/** What the engine publishes at one path, as bytes that are ready to be sent. It changes with the keys alone. */
export interface PublishedDocument {
  contentType: string
  /** Each has a validator of its own: a strong one stands for the very bytes (RFC 9110 §8.8.3.3). */
  forms: Readonly<Record<Coding, PublishedForm>>
}

export interface Documents {
  /** From now on there is nothing but what this engine publishes, as soon as it has said it. */
  takeFrom(engine: Provider): void
  /** The document at exactly this path; undefined where there is none, or none yet: then the engine answers itself. */
  at(path: string): PublishedDocument | undefined
}

const PATHS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks']

/** Keeps what the engine says to everybody alike: it is asked once, by a request of ours as one of `issuer`. */
export function createDocuments(issuer: string): Documents {
  let documents = new Map<string, PublishedDocument>()

  function takeFrom(engine: Provider): void {
    const taken = new Map<string, PublishedDocument>()
    documents = taken
    for (const path of PATHS) void ask(engine, issuer, path).then((document) => taken.set(path, document))
  }

  return { takeFrom, at: (path) => documents.get(path) }
}

async function ask(engine: Provider, issuer: string, path: string): Promise<PublishedDocument> {
  const { host, protocol } = new URL(issuer)
  const request = new IncomingMessage(new Socket())
  const headers = { host, 'x-forwarded-proto': protocol.slice(0, -1) }
  Object.assign(request, { method: 'GET', url: path, headers })
  const ctx = engine.createContext(request, new ServerResponse(request)) as unknown as Context
  const [serve] = engine.middleware as unknown as [(ctx: Context, next: Next) => Promise<void>]
  await serve(ctx, async () => {})
  if (ctx.status !== 200) throw new Error(`the engine answers ${path} by ${ctx.status}`)
  return ready(ctx.response.get('Content-Type'), Buffer.from(JSON.stringify(ctx.body)))
}

function ready(contentType: string, bytes: Buffer): PublishedDocument {
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
  return {
    contentType,
    forms: {
      identity: form(bytes, hash),
      gzip: form(gzipSync(bytes), `${hash}-gzip`),
      br: form(brotliCompressSync(bytes), `${hash}-br`),
    },
  }
}

function form(bytes: Buffer, tag: string): PublishedForm {
  return { bytes: bytes.toString('latin1'), length: String(bytes.length), etag: `"${tag}"` }
}
