import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CommandFault } from './exits.ts'

const WAIT_MS = 10 * 60_000
const PATH = '/callback'

/** Listens for the one answer of a sign-in in the browser of this machine (RFC 8252 §7.3). */
export interface Loopback {
  redirectUri: string
  /** The address that the browser was sent to; only one that carries `state` counts. Ends after ten minutes. */
  answer(state: string): Promise<URL>
  close(): void
}

/** Opens a port on 127.0.0.1 that no other machine reaches. */
export async function openLoopback(): Promise<Loopback> {
  const arrived: { state: string; resolve(url: URL): void }[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', redirectUri())
    const waiting = arrived.find(({ state }) => url.pathname === PATH && url.searchParams.get('state') === state)
    response.writeHead(waiting && request.method === 'GET' ? 200 : 404, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      connection: 'close',
    })
    if (!waiting || request.method !== 'GET') {
      response.end('Nothing is here.\n')
      return
    }
    const end = url.searchParams.has('error') ? 'Nothing was allowed.' : 'Done.'
    response.end(`${end} Go back to the terminal; this window can be closed.\n`)
    waiting.resolve(url)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  function redirectUri(): string {
    return `http://127.0.0.1:${port}${PATH}`
  }

  return {
    redirectUri: redirectUri(),
    answer: (state) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new CommandFault('failed', 'nobody signed in within ten minutes')), WAIT_MS)
        timer.unref()
        arrived.push({
          state,
          resolve(url) {
            clearTimeout(timer)
            resolve(url)
          },
        })
      }),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
