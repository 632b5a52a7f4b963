import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onCore } from './machine.ts'

/** What the caches of this machine do to a figure. By kilobytes: of the memory walked through, or touched in between. */
export interface Caches {
  /** Nanoseconds for one line of memory, in random order. */
  lineNs: Record<number, number>
  /** Microseconds of the asking process's CPU for one statement; what the touching takes is not in it. */
  statementUs: Record<number, number>
}

const ROOT = join(import.meta.dirname, '..')

/** @param core on which the servers are measured; `null`: any */
export async function lookAtCaches(databaseUrl: string, core: number | null): Promise<Caches> {
  const [file = '', ...rest] = onCore(core, [process.execPath, 'bench/caches-look.ts'])
  const { stdout } = await promisify(execFile)(file, rest, {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', DATABASE_URL: databaseUrl },
  })
  return JSON.parse(stdout) as Caches
}

/** As lines of the report. */
export function cachesWords({ lineNs, statementUs }: Caches): Record<string, string> {
  const listed = (values: Record<number, number>, unit: string) =>
    Object.entries(values)
      .map(([kilobytes, value]) => `${value.toFixed(0)} ${unit} (${Number(kilobytes) / 1024} MB)`)
      .join(', ')
  return {
    'a line of memory, by how much is walked through': listed(lineNs, 'ns'),
    'one statement, by what other memory is touched in between': listed(statementUs, 'µs'),
  }
}
