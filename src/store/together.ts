import { presentWork, waitPatiently } from '../base/index.ts'
import type { Statement } from './questions.ts'
import { askTold, inTransaction, type OpenTx, patienceMs, runIn } from './transaction.ts'
import type { Wire } from './wire.ts'

interface Party {
  statement: Statement
  values: readonly unknown[]
  resolve(rows: unknown[]): void
  reject(error: unknown): void
}

type OnWire = <T>(work: (wire: Wire, tx: OpenTx) => Promise<T>) => Promise<T>

/**
 * Reads that one request asks for at the same moment go to the server in one message, over one connection. What fails one
 * of them fails all: only for statements that change nothing. What belongs to no request (`withPatience`) goes by itself.
 */
export function createTogether(onWire: OnWire): (statement: Statement, values: readonly unknown[]) => Promise<unknown[]> {
  // By request: one that fails, or has no patience left, is nobody else's.
  const gathering = new Map<object, Party[]>()

  function go(request: object): void {
    const parties = gathering.get(request) ?? []
    gathering.delete(request)
    onWire((wire, tx) => (wire.isShared ? inOneTransaction(tx, parties) : inOneMessage(wire, tx, parties))).catch((error) => {
      for (const { reject } of parties) reject(error)
    })
  }

  return (statement, values) =>
    new Promise((resolve, reject) => {
      const party = { statement, values, resolve, reject }
      const request = presentWork() ?? party
      const gathered = gathering.get(request)
      if (gathered) gathered.push(party)
      else {
        gathering.set(request, [party])
        process.nextTick(go, request) // once nothing else is to be done
      }
    })
}

async function inOneMessage(wire: Wire, { measures }: OpenTx, parties: readonly Party[]): Promise<void> {
  // Known only now: the request may have waited for its connection.
  const leftMs = patienceMs()
  const answers = parties.map(({ statement, values }) =>
    askTold(measures, statement, () => waitPatiently(() => wire.ask(statement, values, leftMs))),
  )
  wire.send()
  for (const [at, { rows }] of (await Promise.all(answers)).entries()) parties[at]?.resolve(rows)
}

// Behind a pooler only a transaction brings time-outs.
async function inOneTransaction(tx: OpenTx, parties: readonly Party[]): Promise<void> {
  const found = await inTransaction(tx, (inner) =>
    Promise.all(parties.map(({ statement, values }) => runIn<unknown>(inner, statement, values))),
  )
  for (const [at, rows] of found.entries()) parties[at]?.resolve(rows)
}
