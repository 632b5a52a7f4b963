import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { FirstLink } from './admin/index.ts'
import { newId } from './base/index.ts'
import type { Config } from './config/index.ts'

/**
 * The link for the first administrator; null once there is one. With `ADMIN_LINK_FILE` it is written there,
 * readable for this user alone, and taken away when it is of no use any more. Throws one line when it cannot be written.
 */
export async function firstLink(deps: {
  config: Config
  linkFor(now: Date): Promise<FirstLink | null>
  now: Date
}): Promise<FirstLink | null> {
  const { config } = deps
  const link = await deps.linkFor(deps.now)
  const file = config.adminLinkFile
  if (file !== null) await (link ? write(file, link.url) : remove(file, config.issuer)).catch((cause) => unusable(file, cause))
  return link
}

/** What the person at the terminal is told. Where there is a file, the link itself is not printed: output is collected. */
export function firstLinkLines(link: FirstLink | null, { adminLinkFile }: Config): string[] {
  if (!link) return []
  return [
    adminLinkFile === null
      ? `Become its administrator:         ${link.url}`
      : `Become its administrator:         the link is in ${adminLinkFile}`,
    `(for the first who opens it and signs in; good until ${link.expiresAt.toISOString()})`,
  ]
}

// In one step, and never for a moment readable for others.
async function write(file: string, url: string): Promise<void> {
  const fresh = `${file}.${newId()}`
  try {
    await writeFile(fresh, `${url}\n`, { mode: 0o600, flag: 'wx' })
    await chmod(fresh, 0o600)
    await rename(fresh, file)
  } finally {
    await rm(fresh, { force: true })
  }
}

/** Only what was written here. */
async function remove(file: string, issuer: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (text.startsWith(`${issuer}/admin/first/`)) await rm(file, { force: true })
}

function unusable(file: string, cause: unknown): never {
  const { code = 'failed' } = cause as NodeJS.ErrnoException
  throw new Error(`ADMIN_LINK_FILE cannot be written: ${file} (${code})`, { cause })
}
