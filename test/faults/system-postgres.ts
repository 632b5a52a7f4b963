import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { appendFile, chmod, chown, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { query } from '../support/database.ts'
import { describeWhere } from '../support/missing.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from './fault-tools.ts'

/** Tests that need programs of PostgreSQL's surroundings. */
export function describeWith(program: string | null, what: string, title: string, tests: () => void): void {
  describeWhere({ what, isHere: program !== null, requiredBy: 'REQUIRE_POSTGRES_TOOLS' }, title, tests)
}

/** Who runs servers that refuse to be run by root: nobody else where we are not root. */
export function systemUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: idOf('-u'), gid: idOf('-g') }
}

const DEBIAN = '/usr/lib/postgresql'
const [newest] = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
const bin = [newest && join(DEBIAN, newest, 'bin'), '/usr/local/bin', '/usr/bin'].find(
  (folder) => folder && ['initdb', 'pg_ctl', 'pg_basebackup'].every((name) => existsSync(join(folder, name))),
)

/** Where PostgreSQL's server programs are, with those that the embedded server lacks. */
export const postgresPrograms = bin ?? null

/** A primary and its replica, which confirms every commit (`synchronous_standby_names`). */
export interface Cluster {
  version: string
  primaryUrl: string
  replicaUrl: string
  /** The replica takes writes from now on. */
  promote(): void
  /** The primary is gone without a word, as when its machine is. */
  killPrimary(): void
  /** Starts what was the primary as a replica that follows nobody: it answers, and takes no writes. */
  restartPrimaryAsReplica(): Promise<void>
  stop(): Promise<void>
}

export async function startCluster(): Promise<Cluster> {
  if (!bin) throw new Error('PostgreSQL is not installed')
  const as = systemUser()
  const folder = await tempFolder('cluster')
  await chmod(folder, 0o711)
  const [primaryPort, replicaPort] = (await freePorts(2)) as unknown as [number, number]
  const [primary, replica] = [join(folder, 'primary'), join(folder, 'replica')]
  for (const path of [primary, replica]) {
    await mkdir(path, { mode: 0o700 })
    if (as.uid !== undefined) await chown(path, as.uid, as.gid ?? 0)
  }

  function run(program: string, ...args: string[]): string {
    const options: SpawnSyncOptions = { ...as, cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }
    const { status, stdout, stderr } = spawnSync(join(bin as string, program), args, options)
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}${stdout}`)
    return String(stdout)
  }
  // The server must not inherit our pipes, or the call would wait for its end.
  const start = (data: string) => run('pg_ctl', 'start', '-w', '-s', '-D', data, '-l', join(data, 'log'))

  run('initdb', '-D', primary, '-U', 'doorward', '-A', 'trust', '-N')
  await appendFile(
    join(primary, 'postgresql.conf'),
    `port = ${primaryPort}
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
max_connections = 100
wal_level = replica
`,
  )
  start(primary)
  run('pg_basebackup', '-D', replica, '-R', '-N', '-X', 'stream', '-d', `postgresql://doorward@127.0.0.1:${primaryPort}/postgres`)
  await appendFile(join(replica, 'postgresql.conf'), `port = ${replicaPort}\n`)
  start(replica)
  await appendFile(join(primary, 'postgresql.conf'), `synchronous_standby_names = '*'\n`)
  run('pg_ctl', 'reload', '-s', '-D', primary)
  const urlAt = (port: number) => `postgresql://doorward@127.0.0.1:${port}/postgres`
  const confirming = `select from pg_stat_replication where sync_state = 'sync'`
  await until('the replica confirms commits', async () => (await query(urlAt(primaryPort), confirming)).length === 1)

  return {
    version: run('postgres', '--version').trim(),
    primaryUrl: urlAt(primaryPort),
    replicaUrl: urlAt(replicaPort),
    promote: () => void run('pg_ctl', 'promote', '-w', '-s', '-D', replica),
    killPrimary: () => void run('pg_ctl', 'stop', '-s', '-m', 'immediate', '-D', primary),
    restartPrimaryAsReplica: async () => {
      run('pg_ctl', 'stop', '-s', '-m', 'fast', '-D', primary)
      await appendFile(join(primary, 'standby.signal'), '')
      start(primary)
    },
    stop: async () => {
      for (const data of [primary, replica]) {
        try {
          run('pg_ctl', 'stop', '-s', '-m', 'immediate', '-D', data)
        } catch {
          // Stopped before.
        }
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}
