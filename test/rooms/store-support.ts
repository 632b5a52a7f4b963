import { expect } from '@jest/globals'
import { clock, createLog, createMetrics, type Log } from '../../src/base/index.ts'
import { type Database, openDatabase } from '../../src/store/index.ts'

/** A log that keeps its lines. */
export function listeningLog() {
  const lines: string[] = []
  return { log: createLog('debug', { write: (line) => lines.push(line) }), lines }
}

const opened: Database[] = []

/** A database as the service opens it; `closeAll` closes it. */
export function open(url: string, more: { statementTimeoutMs?: number; poolSize?: number; log?: Log } = {}): Database {
  const db = openDatabase({ url, poolSize: 5, log: createLog('silent'), metrics: createMetrics(), clock, ...more })
  opened.push(db)
  return db
}

export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((db) => db.close()))
}

/** Asks again until the answer is `true`. Fails after `seconds`. */
export async function eventually(ask: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!(await ask())) {
    expect(performance.now()).toBeLessThan(end)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

export const silent = createLog('silent')
