import { spawn } from 'node:child_process'
import { pause } from './pause.ts'

/** The database server cannot be had. The message is one line for the person at the terminal. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError'
}

/** Whom the server runs as when this process is root, which PostgreSQL refuses to be. */
export interface ServerUser {
  uid: number
  gid: number
}

export interface CommandResult {
  /** `null` when the command could not be started at all. */
  status: number | null
  output: string
}

/** Runs a command to its end with a bare environment. What it started in the background may live on. */
export async function runCommand(
  command: string,
  args: readonly string[],
  user: ServerUser | null = null,
): Promise<CommandResult> {
  return await new Promise((resolve) => {
    const child = spawn(command, args, {
      ...user,
      cwd: '/', // the present folder may be closed to the other user
      env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk.toString('utf8')
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', (error) => resolve({ status: null, output: error.message }))
    // Not 'close': on Windows a server that stays in the background holds the pipes open.
    child.once('exit', async (status) => {
      await Promise.race([new Promise((closed) => child.once('close', closed)), pause(100)])
      resolve({ status, output: output.trim() })
    })
  })
}

/** The user to run the server as: `null` for this process's own, else `postgres`, made where it is missing. */
export async function findServerUser(): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null
  const known = await lookUp('postgres')
  if (known) return known
  const made = await runCommand('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'])
  if (made.status !== 0) await runCommand('adduser', ['-S', '-D', '-H', 'postgres'])
  const user = (await lookUp('postgres')) ?? (await lookUp('nobody'))
  if (!user)
    throw new EmbeddedPostgresError('PostgreSQL does not run as root, and no user "postgres" could be made: set DATABASE_URL')
  return user
}

async function lookUp(name: string): Promise<ServerUser | null> {
  const [uid, gid] = await Promise.all([runCommand('id', ['-u', name]), runCommand('id', ['-g', name])])
  if (uid.status !== 0 || gid.status !== 0) return null
  return { uid: Number(uid.output), gid: Number(gid.output) }
}
