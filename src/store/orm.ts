import pg from 'pg'
import { inSpan } from '../base/index.ts'
import type { PrismaClient } from '../generated/prisma/client.ts'
import { translated } from './failures.ts'
import { ASKED } from './transaction.ts'
import { CONNECT_TIMEOUT_MS, greet, type WireOptions } from './wire.ts'

const CONNECTIONS_MAX = 2
const IDLE_MS = 60_000

interface Orm {
  client(): Promise<PrismaClient>
  close(): Promise<void>
}

/** Prisma's client, on two connections at most, which it makes when it asks. */
export function openOrm(session: WireOptions): Orm {
  const pool = new pg.Pool({
    connectionString: session.url,
    application_name: 'doorward',
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_MS,
    query_timeout: session.answerTimeoutMs,
    keepAlive: true,
    onConnect: (client) => greet(client, session) as unknown as undefined,
  })
  let opened: Promise<PrismaClient> | null = null
  return {
    client() {
      opened ??= openPrisma(pool).catch((error) => {
        opened = null // the next one who asks tries again
        throw error
      })
      return opened
    },
    async close() {
      await opened?.then((client) => client.$disconnect())
      await pool.end()
    },
  }
}

// 45 MB and a seventh of a second that only those pay who ask by it.
async function openPrisma(pool: pg.Pool): Promise<PrismaClient> {
  const [{ PrismaPg }, { PrismaClient }] = await Promise.all([
    import('@prisma/adapter-pg'),
    import('../generated/prisma/client.ts'),
  ])
  pool.on('error', () => {}) // of an idle connection: the next one who asks gets another
  const { provider, adapterName } = new PrismaPg(pool)
  const connect = async () => new PrismaPg(pool, { schema: await schemaOn(pool) }).connect()
  const client = new PrismaClient({ adapter: { provider, adapterName, connect }, errorFormat: 'minimal' })
  const extended = client.$extends({
    query: {
      async $allOperations({ model, operation, args, query: ask }) {
        const name = `${model ?? 'orm'}.${operation}`
        try {
          return await inSpan({ name, kind: 'client', fields: ASKED, onlyInside: true }, () => ask(args))
        } catch (error) {
          throw translated(error)
        }
      },
    },
  })
  return extended as unknown as PrismaClient
}

// Prisma names a schema in every statement: the one that all other statements mean.
async function schemaOn(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ schema: string }>('select current_schema() as schema')
  return rows[0]?.schema ?? 'public'
}
