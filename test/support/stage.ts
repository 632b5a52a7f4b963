import { type Mailbox, startMailbox } from './mailbox.ts'
import { createVisitor, signIn, type Visitor } from './person.ts'
import { freePorts } from './ports.ts'
import { type RelyingParty, startRelyingParty } from './relying-party.ts'
import { type Service, startPair, startService } from './service.ts'

/** All that a journey needs: a service with its database, a mail server and a relying party. */
export interface Stage {
  service: Service
  mailbox: Mailbox
  relyingParty: RelyingParty
  /** The authorization request that a click on "Sign in" at the relying party makes, in this browser. */
  authorizeUrl(visitor: Visitor, parameters?: Record<string, string>): Promise<string>
  /** A whole sign-in without a browser window; what it brought is in `relyingParty.last()`. */
  signIn(email: string, options?: { visitor?: Visitor; parameters?: Record<string, string> }): Promise<Visitor>
  /** Moves the clock of the service; the relying party knows. */
  moveClock(seconds: number): Promise<void>
  stop(): Promise<void>
}

export interface StageOptions {
  env?: Record<string, string>
  /** More or other members of the relying party's entry in the clients file; it is first-party otherwise. */
  client?: Record<string, unknown>
  /** Further entries of the clients file. */
  clients?: readonly Record<string, unknown>[]
  resourceServers?: readonly Record<string, unknown>[]
  scope?: string
  /** A relying party without a secret. */
  publicClient?: boolean
}

/** Sets the stage with one instance of the service. */
export async function startStage(options: StageOptions = {}): Promise<Stage> {
  return (await set(options, async (wanted) => [await startService(wanted)])).stage
}

/** Sets the stage with two instances on one database; `stage.service` is the first. */
export async function startPairStage(options: StageOptions = {}): Promise<Stage & { second: Service }> {
  const { stage, services } = await set(options, startPair)
  return { ...stage, second: services[1] as Service }
}

async function set(options: StageOptions, start: (wanted: Parameters<typeof startService>[0]) => Promise<Service[]>) {
  const [port] = await freePorts(3)
  const mailbox = await startMailbox()
  const relyingParty = await startRelyingParty({
    issuer: `http://localhost:${port}`,
    clientId: 'test-app',
    ...(options.publicClient ? { clientSecret: null } : {}),
    ...(options.scope ? { scope: options.scope } : {}),
  })
  const entry = await relyingParty.clientMetadata({ first_party: true, ...options.client })
  const clients = {
    clients: [entry, ...(options.clients ?? [])],
    ...(options.resourceServers ? { resource_servers: options.resourceServers } : {}),
  }
  const services = await start({ port, smtpUrl: mailbox.url, clients, env: options.env ?? {} }).catch(async (error: unknown) => {
    await Promise.all([relyingParty.stop(), mailbox.stop()]) // what still listens would keep the test run alive
    throw error
  })
  return { services, stage: createStage(services, mailbox, relyingParty) }
}

function createStage(services: readonly Service[], mailbox: Mailbox, relyingParty: RelyingParty): Stage {
  const service = services[0] as Service

  const authorizeUrl: Stage['authorizeUrl'] = async (visitor, parameters = {}) => {
    const { location, words } = await visitor.get(`${relyingParty.url}/login?${new URLSearchParams(parameters)}`)
    if (location === null) throw new Error(`the relying party cannot begin: ${words}`)
    return location
  }

  return {
    service,
    mailbox,
    relyingParty,
    authorizeUrl,
    signIn: async (email, { visitor = createVisitor(service), parameters = {} } = {}) => {
      const answerUrl = await signIn(service, mailbox, { authorizeUrl: await authorizeUrl(visitor, parameters), email, visitor })
      const end = await visitor.get(answerUrl)
      if (end.status !== 200) throw new Error(`the relying party refuses the answer: ${end.words}`)
      return visitor
    },
    moveClock: async (seconds) => {
      await Promise.all(services.filter(({ running }) => running).map((one) => one.moveClock(seconds)))
      relyingParty.setClock(service.clockSeconds)
    },
    stop: async () => {
      await Promise.all(services.map((one) => one.stop()))
      await Promise.all([relyingParty.stop(), mailbox.stop()])
    },
  }
}
