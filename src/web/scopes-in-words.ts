import type { Clients } from '../clients/index.ts'
import type { Text } from '../text/index.ts'

const SPOKEN_OF = ['profile', 'email', 'phone']

/** What an application may do, in plain words: ours for the standard scopes, the resource server's for its own. */
export async function scopesInWords(
  scopes: readonly string[],
  resources: Readonly<Record<string, readonly string[]>>,
  { text, clients }: { text: Pick<Text, 'say'>; clients: Pick<Clients, 'resourceServer'> },
  locale: string,
): Promise<string[]> {
  const words = SPOKEN_OF.filter((scope) => scopes.includes(scope)).map((scope) => text.say(`scope.${scope}`, {}, locale))
  for (const [resource, wanted] of Object.entries(resources)) {
    const server = await clients.resourceServer(resource)
    for (const scope of wanted) words.push(server?.scopes[scope] ?? scope)
  }
  return words
}
