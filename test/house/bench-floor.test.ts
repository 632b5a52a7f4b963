import { describe, expect, test } from '@jest/globals'
import { keyOfProgram, type Program, programsOf } from '../../bench/floor/program.ts'
import { type Asked, type Exchange, markOf, recordingsOf, type Step } from '../../bench/floor/tape.ts'
import { cpuFloor, judge } from '../../bench/goals.ts'
import { type ContenderName, operations } from '../../bench/operations.ts'
import { report } from '../../bench/report.ts'

const CLIENT = '203.0.113.1'
const PERSON = 'person-who-is-always-the-same'

const asked = (name: string, ...values: Asked['values']): Asked => ({ name, text: 'select', values, done: 'SELECT 1' })

const exchange = (url: string, ...statements: Asked[]): Exchange => {
  const steps = statements.map((each): Step => ({ kind: 'message', message: { connection: 1, statements: [each] } }))
  return { client: CLIENT, url, status: 200, head: [], body: '', steps: [...steps, { kind: 'answer' }] }
}

const tokenOf = (take: number) => `refresh-token-number-${take}`

/** Each refresh asks for the token of the one before, and stores one of its own in a payload. */
function tape(more: (take: number) => Asked[] = () => []): Exchange[] {
  const refresh = (take: number) =>
    exchange(
      '/token',
      asked('find', tokenOf(take - 1)),
      asked('store', tokenOf(take), `{"id":"${tokenOf(take)}","sub":"${PERSON}","short":"${take}"}`),
      ...more(take),
    )
  const marked = (take: number) => [exchange(markOf('refresh, JWT', take)), refresh(take)]
  return [...[0, 1, 2, 3, 4].flatMap(marked), exchange(markOf('refresh, JWT', 0)), exchange('/elsewhere')]
}

function programIn(exchanges: readonly Exchange[]): Program {
  const program = programsOf(recordingsOf(exchanges)).get(keyOfProgram('refresh, JWT', CLIENT))
  if (!program) throw new Error('there is no program')
  return program
}

describe('what the bench records of the service is done again', () => {
  test('each run makes ids of its own of the same size, and asks for those of the run before', () => {
    const program = programIn(tape())
    const [find, store] = program.exchanges.flatMap(({ steps }) =>
      steps.flatMap((step) => (step.kind === 'message' ? step.message.statements : [])),
    ) as [Asked, Asked]
    let before = tokenOf(4)
    for (let run = 0; run < 3; run++) {
      const { valuesOf } = program.nextRun()
      expect(valuesOf(find)).toEqual([before])
      const [id, payload] = valuesOf(store) as [string, string]
      expect(id).toHaveLength(before.length)
      expect(id).not.toBe(before)
      expect(JSON.parse(payload)).toEqual({ id, sub: PERSON, short: '4' })
      before = id
    }
  })

  test('bytes stay bytes, a UUID keeps its dashes, and what is nothing stays nothing', () => {
    const uuid = (take: number) => `0190aaaa-0000-7000-8000-00000000000${take}`
    const program = programIn(tape((take) => [asked('seal', { bytes: `${take}`.repeat(40) }, uuid(take), null)]))
    const seal = program.exchanges[0]?.steps.flatMap((step) => (step.kind === 'message' ? step.message.statements : [])).at(-1)
    const [bytes, id, nothing] = program.nextRun().valuesOf(seal as Asked)
    expect(Buffer.isBuffer(bytes) && bytes.length).toBe(20)
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/)
    expect(id).not.toBe(uuid(4))
    expect(nothing).toBeNull()
  })

  test('a look at settings once in a while is no part of it, nor a take in which something else was due', () => {
    const names = (program: Program) =>
      program.exchanges.flatMap(({ steps }) =>
        steps.flatMap((step) => (step.kind === 'message' ? step.message.statements.map(({ name }) => name) : [])),
      )
    expect(names(programIn(tape((take) => (take === 4 ? [asked('settings')] : []))))).toEqual(['find', 'store'])
    const due = tape().map((one, at) => (at === 9 ? { ...one, status: 500 } : one))
    expect(names(programIn(due))).toEqual(['find', 'store'])
  })

  test('what is never the same is no recording', () => {
    const statuses = tape().map((one, at) => ({ ...one, status: 200 + at }))
    expect(() => programIn(statuses)).toThrow('hardly ever the same')
  })
})

describe('the floor in the report', () => {
  const sample = (serverCpuMs: number) => ({
    ...{ operations: 100, perSecond: 1000, p50Ms: 1, p99Ms: 2, walBytes: 0, clientsBusy: 0.5 },
    ...{ serverCpuMs, postgresCpuMs: 0 },
  })
  const figures = (floor: number) => ({
    entries: (['engine', 'service', 'floor'] as const).map((contender) => ({
      ...{ operation: 'userinfo', contender, statements: { oidc_find: 1 } },
      samples: [sample({ engine: 0.1, service: 0.3, floor }[contender])],
    })),
    memory: {},
    dependenciesMb: null,
  })

  test('each goal names it, what the service takes above it, and whether any service could keep the goal', () => {
    expect(judge(figures(0.12))[0]).toMatchObject({ kept: false, floor: 0.12 })
    const chosen = operations.filter(({ name }) => name === 'userinfo')
    const text = (floor: number) => report({ ...figures(floor), machine: {}, words: {}, hotspots: [] }, chosen)
    expect(text(0.12)).toContain('| 0.300 ms | 0.140 ms | **missed** | 0.120 ms | 0.180 ms |')
    expect(text(0.16)).toContain('| 0.300 ms | 0.140 ms | **missed** | 0.160 ms, **above the goal** | 0.140 ms |')
  })

  test('of a sign-in: what each part takes that can be left out', () => {
    const cpu = { floor: 5, mailless: 4, storeless: 2, bare: 0.7 }
    const entries = [
      ...Object.entries(cpu).map(([contender, ms]) => ({ operation: 'sign-in', contender: contender as ContenderName, ms })),
      { operation: 'code-flow login', contender: 'engine' as const, ms: 2 },
    ].map(({ ms, ...entry }) => ({ ...entry, samples: [sample(ms)], statements: {} }))
    const chosen = operations.filter(({ name }) => name === 'sign-in')
    const text = report({ ...figures(0), entries, machine: {}, words: {}, hotspots: [] }, chosen)
    expect(text).toContain(
      '5.00 ms of server CPU: mail 1.00, what is told PostgreSQL 3.00, lines of the log 0.30, HTTP alone 0.70.',
    )
    // Four of the seven requests are the login's too.
    expect(text).toContain('with a login of the engine it is 6.60 ms')
    expect(cpuFloor({ entries }, 'sign-in')).toBeCloseTo(6.6)
  })
})
