import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a database that hears every statement which is sent along it. */
export interface CountedStatements {
  /** For whoever is to be heard. */
  url: string
  /** What was sent since the last call, in order: prepared statements by their names, others by their first word. */
  take(): string[]
  stop(): Promise<void>
}

/** Opens a way to this database. */
export async function countStatements(databaseUrl: string): Promise<CountedStatements> {
  const { hostname, port } = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  const heard: string[] = []
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) {
      sockets.add(socket.on('close', () => sockets.delete(socket)))
      socket.on('error', () => {}).setNoDelay() // either end goes with the other
    }
    near.on('data', messagesTo(hear)).pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  // PostgreSQL, Frontend/Backend Protocol, Message Formats: Bind names the portal, then the prepared statement.
  function hear(type: string, body: Buffer): void {
    const [first = '', second = ''] = body.toString('latin1').split('\0', 2)
    if (type === 'B') heard.push(second || 'unnamed')
    if (type === 'Q') heard.push((/\w+/.exec(first)?.[0] ?? '').toLowerCase())
  }

  return {
    url: url.href,
    take: () => heard.splice(0),
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

// A length, which counts itself, follows the type; only the first message of a connection has no type.
function messagesTo(hear: (type: string, body: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  let typeBytes = 0
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= typeBytes + 4) {
      const end = typeBytes + rest.readUInt32BE(typeBytes)
      if (rest.length < end) return
      if (typeBytes > 0) hear(rest.toString('latin1', 0, 1), rest.subarray(5, end))
      rest = rest.subarray(end)
      typeBytes = 1
    }
  }
}
