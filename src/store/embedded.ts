import { chmod, chown, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { type Log, newId, newSecret } from '../base/index.ts'
import { type Binaries, prepareBinaries } from './binaries.ts'
import { answers, connectionTo, DATABASE, PASSWORD_FILE, PORT_FILE, USER } from './embedded-running.ts'
import { takeOwnership } from './owner-file.ts'
import { freePort, isFree } from './port.ts'
import { EmbeddedPostgresError, findServerUser, runCommand, type ServerUser } from './server-command.ts'
import { settingsText } from './server-settings.ts'

export interface EmbeddedPostgres {
  /** Address of the database `doorward`, with the password. */
  url: string
  /** Address of another database on this server. */
  urlFor(database: string): string
  /** True when the server was found running, left behind by a process that is gone. */
  adopted: boolean
  /** Shuts the server down (fast: open transactions are rolled back) and gives the folder back. */
  stop(): Promise<void>
}

interface EmbeddedOptions {
  /** Keeps the database between starts; made when missing. */
  dataDir: string
  /** A fixed port. Without it a free one is chosen and kept in the folder. */
  port?: number
  /** Further server settings, such as `{ fsync: 'off' }`. */
  settings?: Record<string, string>
  log: Log
}

const START_SECONDS_MAX = 60
const PORT_TRIES_MAX = 3

/** Everything that is known about one folder before its server runs. */
interface Place {
  dataDir: string
  /** Folder of what the server itself reads; `dataDir`, unless that is closed to the server's user. */
  home: string
  pgData: string
  logFile: string
  user: ServerUser | null
  binaries: Binaries
  password: string
}

/**
 * Starts the PostgreSQL that npm installed on 127.0.0.1, with its data in `dataDir`; a first start takes about a
 * second. A server left behind by a killed process is adopted. A folder whose owner is alive is refused, and all
 * else that can go wrong on the way ends in one line too: `EmbeddedPostgresError`. The process's own end stops
 * nothing: whoever started it calls `stop`.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = await openFolder(options.dataDir)
  const owner = await inFolder(dataDir, () => takeOwnership(dataDir))
  if ('heldBy' in owner)
    throw new EmbeddedPostgresError(
      `the data folder ${dataDir} is in use by process ${owner.heldBy}: stop it, or choose another DATA_DIR`,
    )
  try {
    const place = await inFolder(dataDir, () => preparePlace(dataDir, options.log))
    const { port, adopted } = await inFolder(dataDir, () => ensureRunning(place, options))
    const urlFor = (database: string) =>
      `postgresql://${USER}:${place.password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
    await createDatabase(urlFor('postgres'))
    let stopped: Promise<void> | undefined
    const stop = () => {
      stopped ??= stopServer(place).finally(() => owner.release())
      return stopped
    }
    return { url: urlFor(DATABASE), urlFor, adopted, stop }
  } catch (error) {
    await owner.release()
    throw error
  }
}

async function openFolder(folder: string): Promise<string> {
  const path = isAbsolute(folder) ? folder : resolve(folder)
  return await inFolder(path, async () => {
    await mkdir(path, { recursive: true, mode: 0o711 }) // the server's user must come through, not look around
    return await realpath(path)
  })
}

/** Says in one line that the folder cannot be used, whatever file it was. */
async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (error instanceof EmbeddedPostgresError || !code || !syscall) throw error
    throw new EmbeddedPostgresError(`the data folder ${folder} cannot be used (${code}): choose another DATA_DIR`, {
      cause: error,
    })
  }
}

async function preparePlace(dataDir: string, log: Log): Promise<Place> {
  const user = await findServerUser()
  const home = await findHome(dataDir, user, log)
  const binaries = await prepareBinaries({ home, user, log })
  const password = await readOrMake(join(dataDir, PASSWORD_FILE), newSecret())
  const place = { dataDir, home, pgData: join(home, 'postgres'), logFile: join(home, 'postgres.log'), user, binaries, password }
  if (!(await exists(join(place.pgData, 'PG_VERSION')))) await initialize(place)
  return place
}

/** Where a parent of the data folder is closed to the server's user, the server's files live under /var/lib. */
async function findHome(dataDir: string, user: ServerUser | null, log: Log): Promise<string> {
  const note = join(dataDir, 'postgres.home')
  const noted = await readFile(note, 'utf8').catch(() => null)
  if (!noted && (!user || (await runCommand('/bin/sh', ['-c', 'cd "$0"', dataDir], user)).status === 0)) return dataDir
  // Never a name that an earlier data folder of the same path had: its server knows another password.
  const home = noted?.trim() ?? join('/var/lib/doorward', newId())
  await mkdir(home, { recursive: true, mode: 0o711 })
  if (noted) return home
  await writeFile(note, `${home}\n`)
  log.info({ folder: home }, `${dataDir} is closed to the user that runs PostgreSQL: its files are kept elsewhere`)
  return home
}

// In a folder of its own that is renamed when whole: a start that is killed half-way leaves nothing behind to trip on.
async function initialize(place: Place): Promise<void> {
  const fresh = `${place.pgData}.${newId()}`
  const passwordFile = `${fresh}.password`
  try {
    await mkdir(fresh, { mode: 0o700 })
    await writeFile(passwordFile, place.password, { mode: 0o600 })
    await giveTo(place.user, fresh, passwordFile)
    const args = ['-D', fresh, '-U', USER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C']
    const { status, output } = await runCommand(place.binaries.initdb, [...args, '--no-instructions'], place.user)
    if (status !== 0) throw new EmbeddedPostgresError(`PostgreSQL could not make its files in ${place.home}: ${lastLine(output)}`)
    await rename(fresh, place.pgData)
  } finally {
    await rm(passwordFile, { force: true })
    await rm(fresh, { recursive: true, force: true })
  }
}

async function ensureRunning(place: Place, options: EmbeddedOptions): Promise<{ port: number; adopted: boolean }> {
  const portFile = join(place.dataDir, PORT_FILE)
  const kept = Number(await readFile(portFile, 'utf8').catch(() => ''))
  let port = options.port ?? (kept || (await freePort()))
  if (await isRunning(place)) {
    if (
      (await readSettings(place)) === settingsText(port, options.settings) &&
      (await answers(`postgresql://${USER}:${place.password}@127.0.0.1:${port}/postgres`))
    ) {
      options.log.info({ port }, 'PostgreSQL was still running from an earlier start: going on with it')
      return { port, adopted: true }
    }
    await stopServer(place)
  }
  for (let tries = 1; ; tries++) {
    if (await isFree(port)) {
      await writeSettings(place, settingsText(port, options.settings))
      const failure = await startServer(place)
      if (failure === null) break
      if (!/in use/i.test(failure)) throw new EmbeddedPostgresError(`PostgreSQL does not start (${place.logFile}): ${failure}`)
    }
    if (options.port !== undefined || tries >= PORT_TRIES_MAX)
      throw new EmbeddedPostgresError(`port ${port} on 127.0.0.1 is taken: PostgreSQL cannot listen there`)
    port = await freePort()
  }
  await writeFile(portFile, `${port}\n`)
  return { port, adopted: false }
}

/** Starts the server and waits until it takes connections. Answers why not, in its own words, or `null`. */
async function startServer(place: Place): Promise<string | null> {
  await rm(place.logFile, { force: true })
  await writeFile(place.logFile, '', { mode: 0o600 })
  await giveTo(place.user, place.logFile)
  const args = ['start', '-w', '-s', '-t', String(START_SECONDS_MAX), '-D', place.pgData, '-l', place.logFile]
  const { status, output } = await runCommand(place.binaries.pgCtl, args, place.user)
  if (status === 0) return null
  const lines = (await readFile(place.logFile, 'utf8'))
    .split('\n')
    .filter((line) => /FATAL|PANIC|LOG: +could not bind/.test(line))
  return lines[0]?.replace(/^.*?(FATAL|PANIC|LOG): +/, '') ?? lastLine(output)
}

async function stopServer(place: Place): Promise<void> {
  for (const mode of ['fast', 'immediate']) {
    if (!(await isRunning(place))) return
    await runCommand(place.binaries.pgCtl, ['stop', '-w', '-s', '-t', '30', '-m', mode, '-D', place.pgData], place.user)
  }
}

/** True when this folder's own server runs. A file that names somebody else's process is removed. */
async function isRunning(place: Place): Promise<boolean> {
  const { status } = await runCommand(place.binaries.pgCtl, ['status', '-D', place.pgData], place.user)
  if (status !== 0) return false
  const pidFile = join(place.pgData, 'postmaster.pid')
  const pid = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null)
  if (command === null || command.includes(place.pgData)) return true // without /proc: as the server's tool says
  await rm(pidFile, { force: true }) // after a restart of machine or container the number belongs to another program
  return false
}

async function createDatabase(url: string): Promise<void> {
  const client = connectionTo(url)
  try {
    await client.connect()
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  } catch (cause) {
    throw new EmbeddedPostgresError(`PostgreSQL started but does not answer: ${(cause as Error).message}`, { cause })
  } finally {
    await client.end().catch(() => {})
  }
}

const readSettings = (place: Place) => readFile(join(place.pgData, 'postgresql.conf'), 'utf8').catch(() => null)

async function writeSettings(place: Place, text: string): Promise<void> {
  const file = join(place.pgData, 'postgresql.conf')
  await writeFile(file, text, { mode: 0o600 })
  await giveTo(place.user, file)
}

async function giveTo(user: ServerUser | null, ...paths: string[]): Promise<void> {
  for (const path of paths) if (user) await chown(path, user.uid, user.gid)
}

async function readOrMake(file: string, fresh: string): Promise<string> {
  await writeFile(file, fresh, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await chmod(file, 0o600)
  return (await readFile(file, 'utf8')).trim()
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

const lastLine = (text: string) => text.split('\n').at(-1) ?? text
