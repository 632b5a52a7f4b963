import { connect, createServer, type Socket } from 'node:net'
import { freePorts } from '../support/ports.ts'

/** Stands between the service and its database. Connections are always taken. */
export interface Line {
  url: string
  /** From now on nothing passes, either way: a server that hangs. Answers what was sent and not passed on so far. */
  silence(): () => string
  /**
   * Requests pass, answers do not, from the request on that holds these words. Answers how many bytes were lost.
   */
  loseAnswersFrom(words: string): () => number
  /**
   * Ends the connection at the COMMIT of the transaction that holds these words: before the server hears of it, or after it
   * has done it and before the answer passes. Once; answers whether it happened.
   */
  cutAtCommitOf(words: string, when: 'before' | 'after'): () => boolean
  /** Every answer arrives so much later from now on; none is lost. Ended by `mend`. */
  delay(milliseconds: number): void
  /** New connections lead to this database from now on; open ones stay where they are. */
  leadTo(databaseUrl: string): void
  /** Ends every connection. */
  cut(): void
  /** How many connections were taken so far. */
  readonly taken: number
  /** How many messages came from the service so far; what is sent at once is one, if it is short. */
  readonly messages: number
  /** Everything passes again on new connections; those that have missed something stay as they are. */
  mend(): void
  stop(): Promise<void>
}

const COMMIT = 'commit\0' // the name of the statement, where it is bound

type Passing =
  | { kind: 'all' }
  | { kind: 'nothing'; unheard: string }
  | { kind: 'requests'; from: string; begun: boolean; lostBytes: number }

export async function lineTo(databaseUrl: string): Promise<Line> {
  let target = new URL(databaseUrl)
  let delayMs = 0
  let cut: { words: string; when: 'before' | 'after'; done: boolean } | null = null
  const [port] = await freePorts(1)
  const sockets = new Set<Socket>()
  let passing: Passing = { kind: 'all' }

  let taken = 0
  let messages = 0
  const server = createServer((near) => {
    taken++
    const far = connect(Number(target.port), target.hostname)
    let missed = false // what a connection has missed it never gets
    let late = 0 // answers on their way, which none may overtake
    const pass = (chunk: Buffer) => {
      late++
      setTimeout(() => {
        late--
        if (!near.destroyed) near.write(chunk)
      }, delayMs)
    }
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    let inside = false // the transaction at whose end the connection ends
    let committing = false
    near.on('data', (chunk) => {
      messages++
      if (cut && !cut.done && chunk.includes(cut.words)) inside = true
      if (inside && cut && chunk.includes(COMMIT)) {
        inside = false
        cut.done = true
        if (cut.when === 'before') return void near.destroy()
        committing = true
      }
      if (passing.kind === 'requests' && chunk.includes(passing.from)) passing.begun = true
      if (passing.kind === 'nothing') {
        missed = true
        passing.unheard += chunk.toString('latin1')
      } else if (!missed) far.write(chunk)
    })
    far.on('data', (chunk) => {
      if (committing) return void near.destroy()
      if (passing.kind === 'nothing') missed = true
      if (passing.kind === 'requests' && passing.begun) {
        missed = true
        passing.lostBytes += chunk.length
      }
      if (missed) return
      if (delayMs === 0 && !late) near.write(chunk)
      else pass(chunk)
    })
  })
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    silence: () => {
      const silent = { kind: 'nothing' as const, unheard: '' }
      passing = silent
      return () => silent.unheard
    },
    loseAnswersFrom: (words) => {
      const losing = { kind: 'requests' as const, from: words, begun: false, lostBytes: 0 }
      passing = losing
      return () => losing.lostBytes
    },
    cutAtCommitOf: (words, when) => {
      const wanted = { words, when, done: false }
      cut = wanted
      return () => wanted.done
    },
    delay: (milliseconds) => {
      delayMs = milliseconds
    },
    leadTo: (other) => {
      target = new URL(other)
    },
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    get taken() {
      return taken
    },
    get messages() {
      return messages
    },
    mend: () => {
      passing = { kind: 'all' }
      delayMs = 0
    },
    stop: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      return closed
    },
  }
}
