import { until } from '../faults/fault-tools.ts'
import { createVisitor, signIn } from '../support/person.ts'
import type { Server, Shell } from './shell.ts'

/** Where a page is tried. */
export interface Here {
  port: number
  issuer: string
}

/** What is done around one block, by how it begins. */
export interface Step {
  begins: string
  /** Before the block: what a person does in a browser, or what the page says in words alone. */
  before?(here: Here, shell: Shell): Promise<unknown>
  /** The status that the page promises, where it is not 0. */
  status?: number
  /** What it must have written. */
  says?: RegExp
  after?(here: Here, shell: Shell): Promise<unknown>
}

/** How the commands of one page are run. */
export interface Plan {
  page: string
  /** Programs that the page asks for, besides bash and curl. */
  tools?: readonly string[]
  /** What the reader has before the first block. Its `env` is all that the shell knows; a trial's `PORT` if none is said. */
  ground?(here: Here): Promise<Ground>
  /** Words of the page, and what stands for them here. */
  words?(here: Here): readonly (readonly [page: string, here: string])[]
  /** Blocks that the page tells its reader to keep in a file: by path, how the block begins. */
  files?: Readonly<Record<string, string>>
  /** A command before the first block. */
  begin?: string
  /** Lines that start something else which goes on. */
  servers?(here: Here): readonly Server[]
  steps?: readonly Step[]
}

export interface Ground {
  env: Readonly<Record<string, string>>
  words?: readonly (readonly [page: string, here: string])[]
  stop?(): Promise<unknown>
}

/** A trial on a port of its own. */
export const trialEnv = ({ port }: Here): Record<string, string> => ({
  PORT: String(port),
  HOST: '127.0.0.1',
  SHUTDOWN_DELAY: '0', // no balancer looks
})

export const serviceAt = ({ port }: Here): Server => ({
  line: /\bnpm start$|^node --env-file=\S+ src\/main\.ts$/,
  url: `http://127.0.0.1:${port + 2}/readyz`,
})

/** What pages say of ports, and where they are here. */
export const portWords = ({ port }: Here) =>
  [
    ['localhost:3000', `localhost:${port}`],
    ['127.0.0.1:3000', `127.0.0.1:${port}`],
    ['127.0.0.1:3001', `127.0.0.1:${port + 1}`],
    ['127.0.0.1:3002', `127.0.0.1:${port + 2}`],
  ] as const

/** Somebody signs in to an application as a person does, with the code from the inbox page. Answers what it shows then. */
export async function signInAt(here: Here, url: string, email: string): Promise<string> {
  const service = { ...here, clockSeconds: 0 }
  const visitor = createVisitor(service)
  const inbox = {
    next: (to: string) =>
      until(`a mail with a code for ${to}`, async () => {
        const list = (await (await fetch(`${here.issuer}/dev/inbox.json`)).json()) as { to: string; code: string | null }[]
        return list.find((message) => message.to === to && message.code !== null)
      }),
  }
  const { location, words } = await visitor.get(url)
  if (location === null) throw new Error(`${url} leads nowhere: ${words}`)
  const end = await visitor.get(await signIn(service, inbox, { authorizeUrl: location, email, visitor }))
  if (end.location === null) throw new Error(`the application refuses the answer: ${end.words}`)
  return (await visitor.get(end.location)).words
}

export const signInAtDemo = (here: Here, email: string): Promise<string> =>
  signInAt(here, `http://127.0.0.1:${here.port + 1}/sign-in`, email)
