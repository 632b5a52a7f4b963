import { operations, type Worker } from '../operations.ts'

/** Of twenty operations: what many applications and some people do. */
const MIX: Readonly<Record<string, number>> = {
  refresh: 5,
  userinfo: 5,
  introspection: 3,
  authorize: 2,
  discovery: 2,
  'client credentials': 2,
  'sign-in': 1,
}

export interface SteadyLoad {
  /** Rejects with the first wrong answer. */
  failed: Promise<never>
  done(): number
  /** Operations whose turn has come and that wait for a client: the service is slower than the rate. */
  waiting(): number
  stop(): Promise<void>
}

/** @param rate operations a second, at a steady pace; 0: each client begins its next one at once */
export function startLoad(workers: readonly Worker[], rate: number): SteadyLoad {
  const plan = planOf(MIX)
  let begun = 0
  let done = 0
  let over = false
  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  failed.catch(() => {})

  async function next(worker: Worker): Promise<void> {
    await plan[begun++ % plan.length]?.run(worker)
    done++
  }

  async function work(worker: Worker): Promise<void> {
    while (!over) await (rate === 0 || due() > 0 ? next(worker) : pause())
  }

  const start = performance.now()
  const due = () => Math.floor(((performance.now() - start) / 1000) * rate) - begun
  // A client is due every so often; a look less often than that would bunch them.
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, Math.min(20, 500 / rate)))
  const working = Promise.all(workers.map(work)).catch(fail)
  return {
    ...{ failed, done: () => done, waiting: () => (rate === 0 ? 0 : Math.max(0, due())) },
    stop: async () => {
      over = true
      await working
    },
  }
}

/** Each kind spread over the whole, not one after the other. */
function planOf(mix: Readonly<Record<string, number>>) {
  const places = Object.entries(mix).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, turn) => ({ name, at: (turn + 0.5) / count })),
  )
  return places
    .toSorted((a, b) => a.at - b.at)
    .map(({ name }) => operations.find((operation) => operation.name === name) ?? raise(name))
}

function raise(name: string): never {
  throw new Error(`there is no operation ${name}`)
}
