import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { freshDatabase } from '../support/database.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'

const ROOT = join(import.meta.dirname, '../..')

/** A copy of the service in which one piece of the guard is replaced. */
async function copyWith(file: string, piece: string, instead: string): Promise<string> {
  const folder = await tempFolder('unguarded')
  for (const part of ['src', 'views', 'prisma', 'package.json', 'tsconfig.json'])
    await cp(join(ROOT, part), join(folder, part), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const text = await readFile(join(folder, file), 'utf8')
  if (!text.includes(piece)) throw new Error(`${file} has no ${piece}`)
  await writeFile(join(folder, file), text.replace(piece, instead))
  return folder
}

async function endOf(cwd: string): Promise<{ code: number | null; said: string }> {
  const [port] = await freePorts(3)
  await writeFile(
    join(cwd, 'clients.yaml'),
    'clients:\n  - { client_id: app, redirect_uris: [https://app.example/cb], token_endpoint_auth_method: none }\n',
  )
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ISSUER: 'https://id.fabrikam.example' },
      ...{ DATABASE_URL: await freshDatabase(), SECRETS: randomBytes(32).toString('base64url'), TRUSTED_PROXIES: '0' },
      ...{ SMTP_URL: 'smtps://mail.fabrikam.example', MAIL_FROM: 'Doorward <id@fabrikam.example>', HOST: '127.0.0.1' },
      ...{ CLIENTS_FILE: 'clients.yaml', PORT: String(port), OPS_PORT: String(port + 2), DATA_DIR: cwd },
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const limit = setTimeout(() => child.kill('SIGKILL'), 45_000)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(limit)
  return { code, said }
}

test.each([
  ['the judgement of addresses', 'src/base/outbound/guard.ts', 'if (wrong) throw', 'if (wrong && !wrong) throw'],
  ['the table of internal addresses', 'src/base/outbound/addresses.ts', "'127.0.0.0/8', '169.254", "'169.254"],
])(
  'R-165 without %s the service does not start in production, and says why',
  async (_name, file, piece, instead) => {
    const { code, said } = await endOf(await copyWith(file, piece, instead))
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/^The guard that keeps outgoing requests from internal addresses does not hold/),
    ])
  },
  60_000,
)
