import { PrismaPg } from '@prisma/adapter-pg'
import type { Adapter, AdapterConstructor, AdapterPayload } from 'oidc-provider'
import { PrismaClient } from '../../src/generated/prisma/client.ts'

const LONGEST_SECONDS = 10 * 365 * 86_400

/**
 * The adapter as one would write it first: one ORM call for each thing the engine asks, on the tables of the service.
 * A yardstick, not an example: nothing in it makes a code or a refresh token work once only.
 */
export function ormAdapter(databaseUrl: string): AdapterConstructor {
  const { oidcRecord } = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl, max: 10 }) })

  function adapterOf(model: string): Adapter {
    const key = (id: string) => ({ model_id: { model, id } })
    const payloadOf = (row: { payload: unknown; consumedAt: Date | null } | null): AdapterPayload | undefined =>
      row
        ? { ...(row.payload as AdapterPayload), ...(row.consumedAt ? { consumed: row.consumedAt.getTime() / 1000 } : {}) }
        : undefined

    return {
      async upsert(id, payload, expiresIn = LONGEST_SECONDS) {
        const data = {
          payload: payload as object,
          uid: payload.uid ?? null,
          grantId: payload.grantId ?? null,
          userCode: payload.userCode ?? null,
          accountId: payload.accountId ?? null,
          expiresAt: new Date(Date.now() + expiresIn * 1000),
        }
        await oidcRecord.upsert({ where: key(id), create: { model, id, ...data }, update: data })
      },
      find: async (id) => payloadOf(await oidcRecord.findUnique({ where: key(id) })),
      findByUid: async (uid) => payloadOf(await oidcRecord.findFirst({ where: { model, uid } })),
      findByUserCode: async (userCode) => payloadOf(await oidcRecord.findFirst({ where: { model, userCode } })),
      async consume(id) {
        await oidcRecord.update({ where: key(id), data: { consumedAt: new Date() } })
      },
      async destroy(id) {
        await oidcRecord.deleteMany({ where: { model, id } })
      },
      async revokeByGrantId(grantId) {
        await oidcRecord.deleteMany({ where: { grantId } })
      },
    }
  }

  return adapterOf as unknown as AdapterConstructor
}
