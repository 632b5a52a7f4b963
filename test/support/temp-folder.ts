import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Environment variable by which the global setup tells the workers the run's folder, removed at its end. */
export const RUN_FOLDER = 'DOORWARD_TEST_FOLDER'

/** A new empty folder inside the run's own. */
export async function tempFolder(name: string): Promise<string> {
  return mkdtemp(join(process.env[RUN_FOLDER] ?? tmpdir(), `${name}-`))
}
