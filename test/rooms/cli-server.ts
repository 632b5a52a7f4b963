import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a command asked for. */
export interface Heard {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

const servers: Server[] = []

/** After each test: its servers end. */
export function closeServers(): void {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
}

/** Some server on this machine: it answers what the test says, and keeps what it heard. */
export async function serve(answer: (request: Heard, response: ServerResponse) => void) {
  const heard: Heard[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
    heard.push(one)
    answer(one, response)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { heard, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Answers a value, or a problem from 400 on. */
export const json =
  (value: unknown, status = 200) =>
  (_: Heard, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
    response.end(JSON.stringify(value))
  }

/** A command line that goes to this server. */
export const remote = (url: string, ...args: string[]) => ['--url', url, '--token', 'token-1', ...args]
