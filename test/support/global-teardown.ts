import { runTeardown } from './teardown.ts'

/** Once per run, at its end: stops the database server. */
export default async function globalTeardown(): Promise<void> {
  await runTeardown()
}
