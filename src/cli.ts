#!/usr/bin/env node
// The command line: what it reads from the process and writes to it. The commands are in cli/.
import { spawn } from 'node:child_process'
import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { clientIsGenerated, generateClient } from '../prisma/generate.ts'
import { clock } from './base/index.ts'
import { generatedPages, type LocalVerbs, runCommandLine, type Terminal } from './cli/index.ts'

const ROOT = join(import.meta.dirname, '..')
const STANDARD_INPUT = '-'

const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  columns: process.stdout.isTTY ? process.stdout.columns : null,
  interactive: process.stderr.isTTY === true,
  readFile: (path) => readFileSync(path === STANDARD_INPUT ? 0 : path, 'utf8'),
  lines: (path) =>
    createInterface({
      input: path === STANDARD_INPUT ? process.stdin : createReadStream(path),
      crlfDelay: Number.POSITIVE_INFINITY,
    }),
  browse(url) {
    if (!terminal.interactive) return
    const [command = '', ...args] = { darwin: ['open'], win32: ['explorer'] }[String(process.platform)] ?? ['xdg-open']
    spawn(command, [...args, url], { stdio: 'ignore', detached: true })
      .on('error', () => {}) // the address stands on the screen
      .unref()
  },
}

// The store is loaded only for commands that need it: the others need no database and no generated client.
async function localVerbs(): Promise<Omit<LocalVerbs, 'manual'>> {
  if (!clientIsGenerated()) generateClient()
  const { createLocalVerbs } = await import('./local-verbs.ts')
  return createLocalVerbs(process.env)
}

const local: LocalVerbs = {
  migrate: async () => (await localVerbs()).migrate(),
  grantAdmin: async (address) => (await localVerbs()).grantAdmin(address),
  signInLink: async (address) => (await localVerbs()).signInLink(address),
  plan: async (path) => (await localVerbs()).plan(path),
  apply: async (path) => (await localVerbs()).apply(path),
  releaseClientsFile: async () => (await localVerbs()).releaseClientsFile(),
  doctor: async () => (await localVerbs()).doctor(),
  migrateStatus: async () => (await localVerbs()).migrateStatus(),
  secretsStatus: async () => (await localVerbs()).secretsStatus(),
  afterRestore: async (options) => (await localVerbs()).afterRestore(options),
  manual,
}

async function manual({ check }: { check: boolean }): Promise<readonly string[]> {
  // The list of requirements lives beside the tests that prove them: an installation for production lacks both.
  const { requirementsPage } = await import('../test/house/requirements-page.ts')
  const { helmPages } = await import('../test/helm/pages.ts')
  const requirements = { path: 'docs/security-requirements.md', content: requirementsPage(ROOT) }
  const pages = [...generatedPages(), requirements, ...helmPages(ROOT)]
  const stale = pages.filter(({ path, content }) => textAt(path) !== content)
  if (!check) for (const { path, content } of stale) writeFileSync(join(ROOT, path), content)
  return stale.map(({ path }) => path)
}

function textAt(path: string): string | null {
  try {
    return readFileSync(join(ROOT, path), 'utf8')
  } catch {
    return null
  }
}

async function openHouse() {
  if (!clientIsGenerated()) generateClient()
  const local = await import('./local.ts')
  return local.openHouse(process.env)
}

// Whoever reads no further, as `head` does, ends it.
process.stdout.on('error', () => process.exit(0))
process.exitCode = await runCommandLine(process.argv.slice(2), { terminal, clock, env: process.env, openHouse, local })
