import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder, and what was started for one bench: all of it goes at the end, also when a signal ends the bench. */
export interface Stage {
  folder: string
  /** Kept for the end; what came last is closed first. */
  atEnd(close: () => Promise<unknown>): void
  /** Lets the bench run, and clears the stage whatever comes of it. A signal clears it too, and ends the process by 1. */
  play(run: () => Promise<void>): Promise<void>
}

/** @param name of the bench, in the name of its folder */
export async function createStage(name: string): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), `doorward-${name}-`))
  await chmod(folder, 0o711) // as root, PostgreSQL runs as another user, who must come through
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  let clearing: Promise<void> | undefined

  // A signal stops the servers under the running load, which fails then: both ways lead here, and wait for the same end.
  function clear(): Promise<void> {
    clearing ??= (async () => {
      for (const close of closers.reverse()) await close()
    })()
    return clearing
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void clear().finally(() => process.exit(1)))
  return {
    folder,
    atEnd: (close) => void closers.push(close),
    play: (run) => run().finally(clear),
  }
}
