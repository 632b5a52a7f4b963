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
 * Lets so many people set up an app, through the screens, and one more who becomes the administrator. Each of the
 * applications has a crowd of its own, whose people came by it before.
 */
export async function createCrowds(options: {
  count: number
  through: readonly Application[]
  administrator: Application
  clients: BenchClients
  /** Makes the person of this address an administrator. */
  appoint(email: string): Promise<void>
}): Promise<Crowd[]> {
  const { count, through, administrator, clients } = options
  const insists = { client: clients.secure, resource: null }
  const each = Math.ceil(count / through.length)

  async function gather(application: Application, at: number): Promise<Person[]> {
    const people = Array.from({ length: each }, (_, index): Person => ({ email: emailOf(at, index), authenticator: null }))
    for (const person of people) {
      // Who comes a second time is told by mail of a browser that did not know them: so that it is not told later on.
      for (const asking of [undefined, insists]) {
        application.newBrowser()
        await application.signIn(person, asking)
      }
    }
    return people
  }

  const email = 'administrator@bench.example'
  await administrator.signIn({ email, authenticator: null }, insists)
  await options.appoint(email)
  let askedAt = Number.NEGATIVE_INFINITY
  let token = Promise.resolve('')

  function adminToken(): Promise<string> {
    if (performance.now() - askedAt > FRESH_MS) {
      askedAt = performance.now()
      administrator.reconnect()
      token = administrator.authorize({ client: clients.secure, resource: ADMIN_API }).then((tokens) => tokens.access_token)
    }
    return token
  }

  // One after the other: to set up an app takes ten slow hashes, of the recovery codes, half a second of one core.
  const crowds: Person[][] = []
  for (const [at, application] of through.entries()) crowds.push(await gather(application, at))
  return crowds.map((people) => {
    let turn = 0
    return {
      // Whoever was used longest ago is the first to have a code again.
      hasNext: () => people[turn % each]?.authenticator?.hasCode() ?? false,
      next: () => people[turn++ % each] as Person,
      adminToken,
    }
  })
}

const emailOf = (at: number, index: number) => `app-${at}-${index}@bench.example`
