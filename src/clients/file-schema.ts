import { z } from 'zod'
import { clientShape, resourceServerShape } from './file-shape.ts'

/**
 * The form of the clients file as a JSON Schema (draft 2020-12), for editors and checks before a commit. What the reader
 * judges besides, such as which redirect addresses are safe, no schema can say: `plan` tells it.
 */
export function clientsFileSchema(): Record<string, unknown> {
  const file = z.strictObject({
    clients: z.array(clientShape).min(1).max(10_000).describe('applications'),
    resource_servers: z.array(resourceServerShape).max(1000).nullish().describe('APIs that access tokens are meant for'),
  })
  const { $schema, ...schema } = z.toJSONSchema(file, { io: 'input', target: 'draft-2020-12' })
  return { $schema, title: 'Clients file of Doorward', ...schema }
}
