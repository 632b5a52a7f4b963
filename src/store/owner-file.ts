import { readFileSync } from 'node:fs'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '../base/index.ts'

/** Holds the data folder for this process. */
export interface OwnerFile {
  release(): Promise<void>
}

interface Owner {
  pid: number
  /** When the process began, in ticks since the system's start; tells it from a later one with its number. */
  startedAt: string | null
  token: string
}

const held = new Set<string>()

/**
 * Takes the data folder for this process. Answers the number of the process that holds it when that one is alive; a
 * file left behind by a dead one is taken over. Single winner among processes of one machine.
 */
export async function takeOwnership(dataDir: string): Promise<OwnerFile | { heldBy: number }> {
  const file = join(dataDir, 'owner.json')
  if (held.has(file)) return { heldBy: process.pid }
  held.add(file)
  try {
    const heldBy = await take(file)
    if (heldBy !== null) {
      held.delete(file)
      return { heldBy }
    }
  } catch (error) {
    held.delete(file)
    throw error
  }
  return {
    async release() {
      if (held.delete(file)) await rm(file, { force: true })
    },
  }
}

/** Answers who is in the way, or `null`. */
async function take(file: string): Promise<number | null> {
  const mine: Owner = { pid: process.pid, startedAt: startOf(process.pid), token: newId() }
  for (;;) {
    if (await createWhole(file, JSON.stringify(mine))) return null
    const text = await readFile(file, 'utf8').catch(() => null)
    if (text === null) continue // given back in this moment
    const owner = parse(text)
    if (owner && isAlive(owner)) return owner.pid
    await setAside(file, text)
  }
}

// By a link, so that nobody ever reads a half-written file. False when it exists.
async function createWhole(file: string, text: string): Promise<boolean> {
  const fresh = `${file}.${newId()}`
  await writeFile(fresh, text, { mode: 0o600 })
  try {
    await link(fresh, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(fresh, { force: true })
  }
}

// Another process may have replaced the dead owner's file meanwhile: then it gets its own back.
async function setAside(file: string, stale: string): Promise<void> {
  const aside = `${file}.${newId()}`
  try {
    await rename(file, aside)
    if ((await readFile(aside, 'utf8')) !== stale) await link(aside, file)
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    await rm(aside, { force: true })
  }
}

function parse(text: string): Owner | null {
  try {
    const owner = JSON.parse(text) as Owner
    return Number.isInteger(owner.pid) ? owner : null
  } catch {
    return null
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.pid === process.pid && owner.startedAt === null) return false // not ours, so an earlier one's: as in a container
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return owner.startedAt === null || owner.startedAt === startOf(owner.pid)
}

/** Field 22 of /proc/<pid>/stat; `null` where there is no such file. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // from field 3: the name may hold spaces
    return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? null)
  } catch {
    return null
  }
}
