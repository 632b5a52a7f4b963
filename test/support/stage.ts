import { type Mailbox, startMailbox } from './mailbox.ts'
import { createVisitor, signIn, type Visitor } from './person.ts'
import { freePorts } from './ports.ts'
import { type RelyingParty, startRelyingParty } from './relying-party.ts'
import { type Program, type Service, startPair, startService } from './service.ts'
import { type SnsServer, startSnsServer } from './sns-server.ts'
import type { TextServer } from './text-server.ts'
import { startTwilioServer, TWILIO } from './twilio-server.ts'

/** All that a journey needs: a service with its database, a mail server and a relying party. */
export interface Stage {
  service: Service
  mailbox: Mailbox
  /** Where texts go, in this order; only on a stage with `texts`. */
  readonly texts: { sns: SnsServer; twilio: TextServer }
  relyingParty: RelyingParty
  /** The authorization request that a click on "Sign in" at the relying party makes, in this browser. */
  authorizeUrl(visitor: Visitor, parameters?: Record<string, string>): Promise<string>
  /** A whole sign-in without a browser window, by mail or text; what it brought is in `relyingParty.last()`. */
  signIn(address: string, options?: { visitor?: Visitor; parameters?: Record<string, string> }): Promise<Visitor>
  /** Moves the clock of the service; the relying party knows. */
  moveClock(seconds: number): Promise<void>
  stop(): Promise<void>
}

export interface StageOptions {
  env?: Record<string, string>
  /** More or other members of the relying party's entry in the clients file; it is first-party otherwise. */
  client?: Record<string, unknown>
  /** Further entries of the clients file, where they must know it by the issuer. */
  clients?: readonly Record<string, unknown>[] | ((issuer: string) => readonly Record<string, unknown>[])
  resourceServers?: readonly Record<string, unknown>[]
  scope?: string
  /** A relying party without a secret. */
  publicClient?: boolean
  /** In place of the sources of this project. */
  program?: Program
  /** Texts go out by Amazon SNS, and by Twilio when that fails; both are servers of the stage. */
  texts?: boolean
}

const TEXT_SETTINGS = {
  SMS_ROUTES: 'sns twilio',
  SMS_COUNTRIES: 'DE,AT,US',
  SMS_BUDGET: 'all:1000 country:1000 prefix:1000 client:1000 number:1000',
  SMS_RATIO_TEXTS: '100000',
  TWILIO_ACCOUNT_SID: TWILIO.accountSid,
  TWILIO_AUTH_TOKEN: TWILIO.authToken,
  TWILIO_FROM: '+15005550006',
}

/** Sets the stage with one instance of the service. */
export async function startStage(options: StageOptions = {}): Promise<Stage> {
  return (await set(options, async (wanted) => [await startService(wanted)])).stage
}

/** Sets the stage with two instances on one database; `stage.service` is the first. */
export async function startPairStage(options: StageOptions = {}): Promise<Stage & { second: Service }> {
  const { stage, services } = await set(options, startPair)
  return Object.defineProperties({ second: services[1] as Service }, Object.getOwnPropertyDescriptors(stage)) as Stage & {
    second: Service
  }
}

async function set(options: StageOptions, start: (wanted: Parameters<typeof startService>[0]) => Promise<Service[]>) {
  const [port] = await freePorts(3)
  const issuer = `http://localhost:${port}`
  const mailbox = await startMailbox()
  const texts = options.texts ? { sns: await startSnsServer(), twilio: await startTwilioServer() } : null
  const relyingParty = await startRelyingParty({
    issuer,
    clientId: 'test-app',
    ...(options.publicClient ? { clientSecret: null } : {}),
    ...(options.scope ? { scope: options.scope } : {}),
  })
  const entry = await relyingParty.clientMetadata({ first_party: true, ...options.client })
  const further = typeof options.clients === 'function' ? options.clients(issuer) : (options.clients ?? [])
  const clients = {
    clients: [entry, ...further],
    ...(options.resourceServers ? { resource_servers: options.resourceServers } : {}),
  }
  const stopServers = () =>
    Promise.all([relyingParty, mailbox, ...(texts ? [texts.sns, texts.twilio] : [])].map((one) => one.stop()))
  const textEnv = texts ? { ...TEXT_SETTINGS, ...texts.sns.env, TWILIO_URL: texts.twilio.url } : {}
  const env = { ...textEnv, ...options.env }
  const program = options.program ? { program: options.program } : {}
  const services = await start({ port, smtpUrl: mailbox.url, clients, env, ...program }).catch(async (error: unknown) => {
    await stopServers() // what still listens would keep the test run alive
    throw error
  })
  return { services, stage: createStage(services, { mailbox, relyingParty, texts, stopServers }) }
}

function createStage(
  services: readonly Service[],
  around: Pick<Stage, 'mailbox' | 'relyingParty'> & { texts: Stage['texts'] | null; stopServers(): Promise<unknown> },
): Stage {
  const { mailbox, relyingParty, texts } = around
  const service = services[0] as Service

  const authorizeUrl: Stage['authorizeUrl'] = async (visitor, parameters = {}) => {
    const { location, words } = await visitor.get(`${relyingParty.url}/login?${new URLSearchParams(parameters)}`)
    if (location === null) throw new Error(`the relying party cannot begin: ${words}`)
    return location
  }

  return {
    service,
    mailbox,
    get texts() {
      if (!texts) throw new Error('this stage has no texts')
      return texts
    },
    relyingParty,
    authorizeUrl,
    signIn: async (address, { visitor = createVisitor(service), parameters = {} } = {}) => {
      const post = address.startsWith('+') ? (texts?.sns ?? mailbox) : mailbox
      const options = { authorizeUrl: await authorizeUrl(visitor, parameters), email: address, visitor }
      const answerUrl = await signIn(service, post, options)
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
      await around.stopServers()
    },
  }
}
