import { spawnSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

/** Clock ticks of /proc/<pid>/stat; 100 on every Linux that Node runs on. */
const TICK_MS = 10
const SYNCS = 200
const PAGE_BYTES = 8192

/** The core of the server under test, and that of everything else. `null`: nothing is pinned. */
export interface Cores {
  server: number
  others: number
}

/** Puts this process, and what it starts from now on, on a core of its own. `null` where that cannot be had. */
export function pinThisProcess(): Cores | null {
  if (cpus().length < 2) return null
  const cores = { server: 0, others: 1 }
  const { status } = spawnSync('taskset', ['-a', '-c', '-p', String(cores.others), String(process.pid)])
  return status === 0 ? cores : null
}

/** A command as it is started on one core; `null`: on any. */
export function onCore(core: number | null, command: readonly string[]): readonly string[] {
  return core === null ? command : ['taskset', '-c', String(core), ...command]
}

/** Processor time that a process has used so far, user and system, all threads, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const [utime, stime] = timesOf(pid)
  return (utime + stime) * TICK_MS
}

/** The same for a process and all its children, those that have ended included. */
export function cpuMsOfTree(pid: number): number {
  const [utime, stime, ended, endedSystem] = timesOf(pid)
  const living = childrenOf(pid).reduce((sum, child) => sum + cpuMsOf(child), 0)
  return (utime + stime + ended + endedSystem) * TICK_MS + living
}

// proc_pid_stat(5): fields 14 to 17, counted behind the name, which may hold blanks.
function timesOf(pid: number): [number, number, number, number] {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return [0, 0, 0, 0] // ended between two looks
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).map(Number) as [number, number, number, number]
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid)
}

function parentOf(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return null
  }
}

/** Memory that a process holds, and the most it ever held, in megabytes. */
export function memoryOf(pid: number): { nowMb: number; peakMb: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024
  return { nowMb: mb('VmRSS'), peakMb: mb('VmHWM') }
}

/** Lets the most that a process held begin anew: proc_pid_clear_refs(5). */
export function forgetPeakOf(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** What it costs here to have a page on disk for sure: the median of many, in milliseconds. */
export function syncMsIn(folder: string): number {
  const file = openSync(join(folder, 'sync-probe'), 'w')
  const page = Buffer.alloc(PAGE_BYTES)
  const took = Array.from({ length: SYNCS }, () => {
    const start = performance.now()
    writeSync(file, page, 0, PAGE_BYTES, 0)
    fdatasyncSync(file)
    return performance.now() - start
  })
  closeSync(file)
  return took.sort((a, b) => a - b)[SYNCS / 2] ?? Number.NaN
}
