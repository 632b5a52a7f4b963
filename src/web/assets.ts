import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress } from 'node:zlib'
import type { Middleware } from 'koa'

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const TOKENS = 'tokens.css'

const require = createRequire(import.meta.url)

/** The browser's half of WebAuthn, as its package brings it: one script, `SimpleWebAuthnBrowser` in the page. */
const WEBAUTHN = join(dirname(require.resolve('@simplewebauthn/browser')), '../dist/bundle/index.umd.min.js')

interface Asset {
  type: string
  plain: Buffer
  /** Compressed once, for the first who takes it so; a start does not wait for that. */
  brotli: Promise<Buffer> | null
}

const compress = promisify(brotliCompress)

/** What a theme brings: more of the style sheet that every page has, and a picture. */
interface ThemeAssets {
  css: string | null
  logo: string | null
}

/**
 * Style sheets, scripts and pictures of our pages, and a theme's, read once at start. The name holds a hash of the content, so that a
 * browser may keep them for ever.
 */
export function createAssets(
  folder: string,
  theme: ThemeAssets = { css: null, logo: null },
): { urls: Record<string, string>; serve: Middleware } {
  const urls: Record<string, string> = {}
  const byName = new Map<string, Asset>()
  const files = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))]))
  // In a sheet that is there already: a theme costs no request more, and its layer comes last wherever it stands.
  if (theme.css) files.set(TOKENS, Buffer.concat([files.get(TOKENS) ?? Buffer.of(), Buffer.from(theme.css)]))
  if (theme.logo) files.set('logo.svg', Buffer.from(theme.logo))
  files.set('webauthn.js', readFileSync(WEBAUTHN))
  for (const [file, plain] of [...files].sort()) {
    const type = TYPES[extname(file)]
    if (!type) continue
    const hash = createHash('sha256').update(plain).digest('hex').slice(0, 12)
    const name = file.replace(/(\.[a-z]+)$/, `-${hash}$1`)
    urls[file] = `/assets/${name}`
    byName.set(name, { type, plain, brotli: null })
  }

  const serve: Middleware = async (ctx, next) => {
    const asset = byName.get(String(ctx.params.file))
    if (!asset) return next()
    const brotli = ctx.acceptsEncodings('br', 'identity') === 'br'
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
    ctx.vary('Accept-Encoding')
    if (brotli) ctx.set('Content-Encoding', 'br')
    ctx.type = asset.type
    if (brotli) asset.brotli ??= compress(asset.plain)
    ctx.body = brotli ? await asset.brotli : asset.plain
    return undefined
  }
  return { urls, serve }
}
