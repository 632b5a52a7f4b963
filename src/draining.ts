import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How one server comes to its end without a request that fails. */
export interface Draining {
  /**
   * From now on every answer, also of a request that is in flight, says `Connection: close` (RFC 9112 §9.6): whoever
   * keeps connections asks again on a new one, which a balancer leads elsewhere. The server still takes all.
   */
  sendElsewhere(): void
  /** Takes no more connections and lets requests in flight end, for `seconds` at most. */
  close(seconds: number): Promise<void>
}

const LOOK_EVERY_MS = 50

/** Keeps count of what `server` has open. Call it before the server listens. */
export function createDraining(server: Server): Draining {
  // Answers in flight, by connection. One `Set` of all would be made anew every few requests, and V8 links each of its tables
  // to the next: whatever was in one stays in memory, answers long sent included, until a full collection.
  const connections = new Map<Socket, ServerResponse[]>()
  let leaving = false

  server.on('connection', (socket: Socket) => {
    connections.set(socket, [])
    socket.once('close', () => connections.delete(socket))
  })
  server.prependListener('request', ({ socket }, answer: ServerResponse) => {
    if (leaving) answer.shouldKeepAlive = false
    const answers = connections.get(socket) ?? []
    answers.push(answer)
    answer.once('close', () => answers.splice(answers.indexOf(answer), 1))
  })

  function sendElsewhere(): void {
    leaving = true
    for (const answer of [...connections.values()].flat()) answer.shouldKeepAlive = false
  }

  // Browsers open connections that they may need later: those have asked for nothing and would hold the end up.
  function closeUnused(): void {
    server.closeIdleConnections()
    for (const socket of connections.keys()) if (socket.bytesRead === 0) socket.destroy()
  }

  function close(seconds: number): Promise<void> {
    sendElsewhere()
    return new Promise((resolve) => {
      const unused = setInterval(closeUnused, LOOK_EVERY_MS)
      const last = setTimeout(() => server.closeAllConnections(), seconds * 1000)
      server.close(() => {
        clearInterval(unused)
        clearTimeout(last)
        resolve()
      })
    })
  }

  return { sendElsewhere, close }
}
