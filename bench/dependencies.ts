import { join } from 'node:path'
import { freePorts } from '../test/support/ports.ts'
import { type ServerProcess, type Starting, startServer } from './server-process.ts'

/**
 * A process that has imported what the service imports from packages up to its being ready, and does nothing. For that
 * the service starts once with a look at its imports, and stops again.
 */
export async function startDependenciesOnly(service: Starting, folder: string): Promise<ServerProcess> {
  const importsFile = join(folder, 'imports.json')
  const [port] = await freePorts(3)
  const looked = await startServer({
    ...service,
    args: ['--import', './bench/note-imports.ts', ...service.args],
    env: { ...service.env, PORT: String(port), OPS_PORT: String(port + 2), IMPORTS_FILE: importsFile },
    probeUrl: `http://127.0.0.1:${port + 2}/readyz`,
  })
  await looked.stop()
  return startServer({
    core: service.core,
    logFile: join(folder, 'dependencies.log'),
    args: ['bench/dependencies-only.ts'],
    env: { NODE_ENV: 'production', PORT: String(port), IMPORTS_FILE: importsFile },
    probeUrl: `http://127.0.0.1:${port}/`,
  })
}
