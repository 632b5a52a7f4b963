import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const modules = join(import.meta.dirname, '../../node_modules')
const cache = join(modules, '.cache/doorward')

/** How to start the browser: its file, what it needs in its environment; `null` asks for an installed Chrome. */
export function chromiumBinary(): { path: string; env: Record<string, string> } | null {
  if (process.env.CHROMIUM_PATH) return { path: process.env.CHROMIUM_PATH, env: {} }
  if (!carriesChromium()) return null
  const folder = unpackedFolder()
  return {
    path: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'al2023/lib'), FONTCONFIG_PATH: join(folder, 'fonts'), HOME: folder },
  }
}

/**
 * Unpacks the Chromium of the npm package `@sparticuz/chromium`, with the libraries it needs, once per
 * version. It is made beside and moved into place, so that parallel runs never see half of one.
 */
export async function unpackChromium(): Promise<void> {
  const folder = unpackedFolder()
  if (process.env.CHROMIUM_PATH || !carriesChromium() || existsSync(folder)) return
  await mkdir(cache, { recursive: true })
  const half = await mkdtemp(join(cache, 'unpacking-'))
  try {
    // The package unpacks into the folder for temporary files; a process of its own has its own.
    const env = { ...process.env, TMPDIR: half, AWS_LAMBDA_JS_RUNTIME: 'nodejs22.x' }
    await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), 'unpack'], { env })
    await writeFile(join(half, 'fonts/fonts.conf'), fontsConf(folder))
    await rename(half, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    await rm(half, { recursive: true, force: true })
  }
}

function carriesChromium(): boolean {
  return process.platform === 'linux' && process.arch === 'x64'
}

function unpackedFolder(): string {
  const manifest = JSON.parse(readFileSync(join(modules, '@sparticuz/chromium/package.json'), 'utf8')) as { version: string }
  return join(cache, `chromium-${manifest.version}`)
}

// The package's own file names folders under /tmp.
function fontsConf(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === 'unpack') {
  // No `await` at the top: Jest loads this file by `require` too.
  void import('@sparticuz/chromium').then(({ default: chromium }) => chromium.executablePath())
}
