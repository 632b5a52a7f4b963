import type { Application, Person } from './application.ts'
import { ADMIN_API, type BenchClients } from './clients.ts'

/** People with an authenticator app, who take turns: a code works once, so that one person cannot sign in without end. */
export interface Crowd {
  /** False while every app's codes are used. */
  hasNext(): boolean
  /** Somebody whose app has a code left. */
  next(): Person
  /** A token of the administrator for the admin API. */
  adminToken(): Promise<string>
}

/** For so long a token is good for all who ask. */
const FRESH_MS = 30_000

/**
 * Lets so many people set up an app, through the screens, and one more who becomes the administrator.
 *
 * @param through browsers that may be used at the same time
 */
export async function createCrowd(options: {
  count: number
  through: readonly Application[]
  administrator: Application
  clients: BenchClients
  /** Makes the person of this address an administrator. */
  appoint(email: string): Promise<void>
}): Promise<Crowd> {
  const { count, through, administrator, clients } = options
  const insists = { client: clients.secure, resource: null }
  const people = Array.from({ length: count }, (_, at): Person => ({ email: `app-${at}@bench.example`, authenticator: null }))
  await Promise.all(
    through.map(async (application, at) => {
      for (const person of people.filter((_, index) => index % through.length === at)) {
        application.newBrowser()
        await application.signIn(person, insists)
      }
    }),
  )
  const email = 'administrator@bench.example'
  await administrator.signIn({ email, authenticator: null }, insists)
  await options.appoint(email)

  let turn = 0
  let askedAt = Number.NEGATIVE_INFINITY
  let token = Promise.resolve('')
  return {
    // Whoever was used longest ago is the first to have a code again.
    hasNext: () => people[turn % count]?.authenticator?.hasCode() ?? false,
    next: () => people[turn++ % count] as Person,
    adminToken() {
      if (performance.now() - askedAt > FRESH_MS) {
        askedAt = performance.now()
        administrator.reconnect()
        token = administrator.authorize({ client: clients.secure, resource: ADMIN_API }).then((tokens) => tokens.access_token)
      }
      return token
    },
  }
}
