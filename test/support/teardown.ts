type Work = () => Promise<void>

// Jest loads setup and teardown as two module graphs of one process: what they share lives on the global object.
const shared = globalThis as typeof globalThis & { doorwardTeardown?: Work[] }

/** Notes what the end of the run has to undo. */
export function onTeardown(work: Work): void {
  shared.doorwardTeardown ??= []
  shared.doorwardTeardown.push(work)
}

/** Undoes it, newest first. */
export async function runTeardown(): Promise<void> {
  for (const work of (shared.doorwardTeardown ?? []).splice(0).reverse()) await work()
}
