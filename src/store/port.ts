import { createServer } from 'node:net'

/** A port of 127.0.0.1 that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  return await listenOnce(0)
}

/** True when nobody listens on the port at the moment. */
export async function isFree(port: number): Promise<boolean> {
  return (await listenOnce(port).catch(() => 0)) === port
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer()
  return await new Promise((resolved, failed) => {
    server.once('error', failed)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const found = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolved(found))
    })
  })
}
