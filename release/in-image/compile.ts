// Loads what the service and its commands load, so that Node leaves what it compiled in NODE_COMPILE_CACHE: a start then
// reads it instead of doing it again. What does not fit (another user, another kind of processor) Node passes over.
import { flushCompileCache, getCompileCacheDir } from 'node:module'

if (!getCompileCacheDir()) throw new Error('NODE_COMPILE_CACHE names no folder that can be written to')
for (const file of ['service', 'local', 'local-verbs', 'cli/index']) await import(`../../src/${file}.ts`)
await import('../../examples/relying-app/server.ts')
// What they load only once it is needed.
const [{ isCountry }, { loadPasskeyLibrary }] = await Promise.all([
  import('../../src/base/index.ts'),
  import('../../src/factors/index.ts'),
])
isCountry('DE')
await loadPasskeyLibrary()
flushCompileCache()
