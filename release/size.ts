import { spawn } from 'node:child_process'
import { createGzip } from 'node:zlib'

/** What the base weighs in a registry, compressed, rounded up: Debian 12 slim (28 MB), Node 24 with npm (50 MB), yarn. */
export const BASE_BYTES = 85_000_000

/** Bytes of these files and folders below `folder` as a layer is kept in a registry: one tar, compressed by gzip. */
export async function compressedBytes(folder: string, { paths = ['.'], level = 6 } = {}): Promise<number> {
  const tar = spawn('tar', ['-c', '-C', folder, ...paths], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  tar.on('error', reject)
  tar.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))))
  let bytes = 0
  for await (const chunk of tar.stdout.pipe(createGzip({ level }))) bytes += (chunk as Buffer).length
  await promise
  return bytes
}
