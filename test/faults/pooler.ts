import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from './fault-tools.ts'
import { systemUser } from './system-postgres.ts'

const PROGRAMS = ['/usr/sbin/pgbouncer', '/usr/local/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer']

/** PgBouncer's program, where it is installed. */
export const pgbouncer = PROGRAMS.find((path) => existsSync(path)) ?? null

export interface Pooler {
  url: string
  version: string
  stop(): Promise<void>
}

/** A real PgBouncer in front of a database, with three sessions of the server for all who come. */
export async function startPooler(databaseUrl: string, mode: 'transaction' | 'session', sessions = 3): Promise<Pooler> {
  if (!pgbouncer) throw new Error('PgBouncer is not installed')
  const target = new URL(databaseUrl)
  const name = target.pathname.slice(1)
  const [port] = await freePorts(1)
  const folder = await tempFolder('pgbouncer')
  const user = decodeURIComponent(target.username)
  const users = join(folder, 'users.txt')
  const settings = join(folder, 'pgbouncer.ini')
  await writeFile(users, `"${user}" "${decodeURIComponent(target.password)}"\n`)
  await writeFile(
    settings,
    `[databases]
${name} = host=${target.hostname} port=${target.port} dbname=${name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = ${sessions}
max_client_conn = 500
`,
  )
  const as = systemUser()
  await chmod(folder, 0o711)
  for (const path of [users, settings]) as.uid === undefined ? undefined : await chown(path, as.uid, as.gid ?? 0)
  const child = spawn(pgbouncer, ['-q', settings], { ...as, stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const listens = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
  await until('PgBouncer listens', async () =>
    child.exitCode === null ? await listens() : Promise.reject(new Error('it ended')),
  )
  target.host = `127.0.0.1:${port}`
  return {
    url: target.href,
    version: /[\d.]+/.exec(spawnSync(pgbouncer, ['--version'], { encoding: 'utf8' }).stdout)?.[0] ?? '',
    stop: async () => {
      child.kill('SIGINT')
      const late = setTimeout(() => child.kill('SIGKILL'), 3000)
      await ended
      clearTimeout(late)
    },
  }
}
