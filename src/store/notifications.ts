import pg from 'pg'
import type { Log } from '../base/index.ts'
import { describeFailure } from './failures.ts'
import { atMost, jittered, pause } from './pause.ts'

const CONNECT_TIMEOUT_MS = 5000
const RETRY_MS = 1000
const END_MS_MAX = 2000
/** A connection that went away without a word is found out by this. */
const PROBE_EVERY_MS = 30_000

export interface Notifications {
  /** Listens until `stop`, and begins anew after an outage. Resolves once it listens for the first time, or has failed to. */
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Hears what other processes tell by NOTIFY, on a connection of its own: a pooler in transaction mode carries none.
 * What belongs to a channel is called for each notice on it, and after every connection that is made: meanwhile some may
 * have been missed.
 */
export function createNotifications(deps: {
  /** A direct connection, past any pooler. */
  databaseUrl: string
  /** By channel: what is called. */
  channels: Readonly<Record<string, () => void>>
  log: Log
}): Notifications {
  const { channels, log } = deps
  const stopping = new AbortController()
  let client: pg.Client | null = null
  let supervising: Promise<void> | null = null

  /** Resolves when the connection has ended. */
  async function listen(listening: () => void): Promise<void> {
    const current = new pg.Client({
      connectionString: deps.databaseUrl,
      application_name: 'doorward notices',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    })
    client = current
    const ended = new Promise<void>((resolve) => {
      current.on('end', resolve)
      current.on('error', () => resolve())
    })
    current.on('notification', ({ channel }) => channels[channel]?.())
    let probe: NodeJS.Timeout | undefined
    try {
      await current.connect()
      for (const channel of Object.keys(channels)) await current.query(`listen ${current.escapeIdentifier(channel)}`)
      for (const heard of Object.values(channels)) heard()
      listening()
      probe = setInterval(() => void current.query('select 1').catch(() => void current.end()), PROBE_EVERY_MS)
      await ended
    } finally {
      clearInterval(probe)
      await atMost(
        END_MS_MAX,
        current.end().catch(() => {}),
      )
    }
  }

  async function supervise(begun: () => void): Promise<void> {
    while (!stopping.signal.aborted) {
      await listen(begun).catch((error) => {
        if (!stopping.signal.aborted) log.warn({ reason: describeFailure(error) }, 'changes made elsewhere are not heard of now')
      })
      begun()
      await pause(jittered(RETRY_MS), stopping.signal)
    }
  }

  return {
    start: () =>
      new Promise((resolve) => {
        supervising ??= supervise(resolve)
      }),
    async stop() {
      stopping.abort()
      if (client)
        await atMost(
          END_MS_MAX,
          client.end().catch(() => {}),
        )
      if (supervising) await atMost(END_MS_MAX, supervising)
    },
  }
}
