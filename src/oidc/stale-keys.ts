import type Provider from 'oidc-provider'

interface KeyStore {
  stale(): boolean
  clear(): void
}

/**
 * The engine fetches the keys of a client anew only where none of those that it has fits: one that was stolen, and taken
 * from the list, would open the door as long as the process lives. Here what is stale is forgotten before it is asked, so
 * that it is fetched, or nobody is let in by it.
 */
export function forgetStaleKeys(engine: Provider): void {
  const { Client } = engine
  const find = Client.find.bind(Client)
  Object.assign(Client, {
    async find(id: string) {
      const client = await find(id)
      const keys = client?.jwksUri ? (client as unknown as { asymmetricKeyStore: KeyStore }).asymmetricKeyStore : undefined
      if (keys?.stale()) keys.clear()
      return client
    },
  })
}
