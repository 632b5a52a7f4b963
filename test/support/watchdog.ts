import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Watches from a process of its own until this one is gone, however it ends: then a database server still
 * running on `dataDir` is ended and its folder's parent removed. Answers a function that lets go at once.
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

function endServer(dataDir: string): void {
  try {
    const pid = Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0])
    process.kill(pid, process.platform === 'win32' ? 'SIGTERM' : 'SIGQUIT')
  } catch {
    // Stopped already.
  }
  rmSync(dirname(dataDir), { recursive: true, force: true, maxRetries: 50, retryDelay: 100 })
}

const [, entry, watched] = process.argv
if (entry === fileURLToPath(import.meta.url) && watched) {
  process.on('SIGINT', () => {}) // Ctrl-C reaches the whole group; the pipe tells when the run is over
  process.stdin.resume().on('end', () => endServer(watched))
}
