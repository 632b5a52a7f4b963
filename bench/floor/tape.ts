/** What one request made the service do, as it was recorded. */
export interface Exchange {
  /** Whose request it was: the address that the proxy saw. */
  client: string
  url: string
  status: number
  head: [name: string, value: string | string[]][]
  /** Base64. */
  body: string
  /** In the order in which they began. */
  steps: Step[]
}

export type Step =
  | { kind: 'message'; message: Message }
  | { kind: 'line'; line: string }
  | { kind: 'mail'; mail: Mail }
  /** The answer leaves: what follows was done behind it. */
  | { kind: 'answer' }

/** Statements that went to PostgreSQL together, with one Sync. */
export interface Message {
  /** Which of the connections. */
  connection: number
  statements: Asked[]
}

export interface Asked {
  name: string
  text: string
  values: Value[]
  /** What was done, in PostgreSQL's words: `INSERT 0 1`. */
  done: string
}

/** A parameter as the driver wrote it. */
export type Value = string | null | { bytes: string }

/** What nodemailer was given. */
export type Mail = Record<string, unknown>

/** All that one operation of one client made the service do, done several times in a row; the last is at the end. */
export interface Recording {
  operation: string
  client: string
  takes: Exchange[][]
}

const MARK = '/bench-mark/'

/** A path that nobody serves. A request for it says in the tape what those behind it belong to. */
export const markOf = (operation: string, take: number) => `${MARK}${take}/${encodeURIComponent(operation)}`

/** A statement that comes in fewer of the takes belongs to none: it is a look at settings once in a while. */
const SELDOM = 0.5

/** Cuts a tape at its marks. Take 0 is what came before anything that counts. */
export function recordingsOf(tape: readonly Exchange[]): Recording[] {
  const found = new Map<string, Recording>()
  let current: Exchange[] | null = null
  for (const exchange of tape) {
    if (!exchange.url.startsWith(MARK)) {
      current?.push(exchange)
      continue
    }
    const [take, operation = ''] = exchange.url.slice(MARK.length).split('/').map(decodeURIComponent)
    const key = `${operation} ${exchange.client}`
    const recording = found.get(key) ?? { operation, client: exchange.client, takes: [] }
    found.set(key, recording)
    current = []
    if (take !== '0') recording.takes.push(current)
  }
  const all = [...found.values()]
  return all.map((recording) => withoutSeldom(recording, all))
}

function withoutSeldom(recording: Recording, all: readonly Recording[]): Recording {
  const alike = all.filter(({ operation }) => operation === recording.operation).flatMap(({ takes }) => takes)
  const counts = new Map<string, number>()
  for (const { name } of alike.flat().flatMap(statementsOf)) counts.set(name, (counts.get(name) ?? 0) + 1)
  const belongs = ({ name }: Asked) => (counts.get(name) ?? 0) >= SELDOM * alike.length
  const kept = (step: Step): Step[] => {
    if (step.kind !== 'message') return [step]
    const statements = step.message.statements.filter(belongs)
    return statements.length > 0 ? [{ kind: 'message', message: { ...step.message, statements } }] : []
  }
  const takes = recording.takes.map((take) => take.map((exchange) => ({ ...exchange, steps: exchange.steps.flatMap(kept) })))
  return { ...recording, takes }
}

/** All statements of an exchange, in order. */
export const statementsOf = ({ steps }: Exchange): Asked[] =>
  steps.flatMap((step) => (step.kind === 'message' ? step.message.statements : []))
