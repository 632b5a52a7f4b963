import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const POLL_MS = 50
const POLLS_MAX = 200

/**
 * Watches from a process of its own until this one is gone, however it ends: then an embedded database
 * server still running on `dataDir` is ended and the folder is removed. Answers a function that lets go at once.
 */
export function watchOver(dataDir: string): () => void {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), dataDir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.unref()
  const pipe = child.stdin as unknown as Socket // it closes when this process ends: that is the signal
  pipe.unref()
  return () => pipe.end()
}

async function endServer(dataDir: string): Promise<void> {
  try {
    const pid = Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0])
    process.kill(pid, process.platform === 'win32' ? 'SIGTERM' : 'SIGQUIT')
    for (let poll = 0; poll < POLLS_MAX && process.kill(pid, 0); poll++)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  } catch {
    // Stopped.
  }
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

const [, entry, watched] = process.argv
if (entry === fileURLToPath(import.meta.url) && watched) {
  process.on('SIGINT', () => {}) // Ctrl-C reaches the whole group; the pipe tells when the run is over
  process.stdin.resume().on('end', () => endServer(watched))
}
