import type Provider from 'oidc-provider'
import type { Client as EngineClient } from 'oidc-provider'
import type { Client } from '../clients/index.ts'

/**
 * Keeps the engine's client of each registration that is in memory: the engine digests the whole registration whenever it
 * looks for a client, several times in some requests, and keeps a hundred of them. A registration that is read anew is another
 * object, for which the engine is asked.
 *
 * @param findOn the client of this id as it stands at this moment; `null` where there is none or it is switched off
 */
export function keepClients(engine: Provider, findOn: (id: string) => Promise<Client | null>): void {
  const made = new WeakMap<Client, EngineClient>()
  const ask = engine.Client.find.bind(engine.Client)

  Object.assign(engine.Client, {
    async find(id: unknown): Promise<EngineClient | undefined> {
      if (typeof id !== 'string') return undefined
      const client = await findOn(id)
      if (client === null) return undefined
      const known = made.get(client)
      if (known) return known
      const found = await ask(id)
      // The engine has looked by itself: only where nothing changed meanwhile is what it found made of this registration.
      if (found && (await findOn(id)) === client) made.set(client, found)
      return found
    },
  })
}
