import type { Context } from 'koa'
import { AdminFault } from '../../admin/index.ts'

const NDJSON = 'application/x-ndjson'
const TAG = /^"([\x21\x23-\x7e]*)"$/

/** What the request says about versions (RFC 9110 §13.1.1). `*` asks for no more than that the thing is there. */
export function ifMatchOf(ctx: Context): string[] | null {
  const header = ctx.get('if-match')
  if (header === '' || header.trim() === '*') return null
  return header.split(',').map((tag) => {
    // §8.8.3.2: a weak tag matches nothing here, and stays as no version is ever written.
    const strong = TAG.exec(tag.trim())?.[1]
    if (strong === undefined && !tag.trim().startsWith('W/"'))
      throw new AdminFault('bad_request', 'If-Match is no list of ETags.')
    return strong ?? tag.trim()
  })
}

/** Writes the output of an operation: its version as ETag, the next page as Link (RFC 8288), a list by lines if wished. */
export function answer(ctx: Context, output: unknown, given: { status: number; url: string }): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.set('Vary', 'Accept')
  ctx.status = given.status
  const version = versionOf(output)
  if (version !== null) ctx.set('ETag', `"${version}"`)
  if (version !== null && ctx.method !== 'POST' && isKnown(ctx, version)) {
    ctx.status = 304
    return
  }
  const list = listOf(output)
  if (list?.next) ctx.set('Link', `<${nextOf(given.url, list.next)}>; rel="next"`)
  if (list && ctx.accepts('application/json', NDJSON) === NDJSON) {
    ctx.body = list.items.map((item) => `${JSON.stringify(item)}\n`).join('')
    ctx.type = NDJSON
    return
  }
  ctx.body = JSON.stringify(output)
  ctx.type = 'application/json'
}

// RFC 9110 §13.1.2: compared weakly; only what reads can be answered so.
function isKnown(ctx: Context, version: string): boolean {
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return false
  const tags = ctx.get('if-none-match').split(',')
  return tags.some((tag) => TAG.exec(tag.trim().replace(/^W\//, ''))?.[1] === version)
}

function nextOf(url: string, cursor: string): string {
  const next = new URL(url)
  next.searchParams.set('cursor', cursor)
  return next.href
}

/** The version of what was shown or changed: its own, or that of the one thing it is about. */
function versionOf(output: unknown): string | null {
  const whole = record(output)
  const version = whole?.version ?? record(whole?.client)?.version
  return typeof version === 'string' ? version : null
}

function listOf(output: unknown): { items: readonly unknown[]; next: string | null } | null {
  const whole = record(output)
  if (!whole || !Array.isArray(whole.items)) return null
  return { items: whole.items, next: typeof whole.next === 'string' ? whole.next : null }
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
}
