import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { createAuthenticator } from '../../bench/authenticator.ts'
import { chart } from '../../bench/chart.ts'
import { flameGraph } from '../../bench/flame.ts'
import { cpuBound, type Entry, type Figures, judge } from '../../bench/goals.ts'
import { type ContenderName, operations } from '../../bench/operations.ts'
import { partsOf } from '../../bench/parts.ts'
import { readProvider } from '../../bench/provider.ts'
import { report } from '../../bench/report.ts'
import { median, type Sample } from '../../bench/samples.ts'
import { AS_IN_THE_IMAGE, OLD_OBJECTS_MB } from '../../bench/service.ts'
import { countStatementsIn, engineStatements, ownStatements } from '../../bench/statement-log.ts'
import { parseDockerfile } from '../../release/dockerfile.ts'
import { PROJECT } from '../../release/lay-out.ts'

const sample = (serverCpuMs: number, postgresCpuMs = 0): Sample => ({
  ...{ operations: 100, perSecond: 1000, p50Ms: 1, p99Ms: 2, walBytes: 0, clientsBusy: 0.5 },
  ...{ serverCpuMs, postgresCpuMs },
})

const entry = (
  operation: string,
  contender: ContenderName,
  samples: readonly Sample[],
  statements: Record<string, number> = {},
): Entry => ({ operation, contender, samples: [...samples], statements })

const figuresOf = (entries: readonly Entry[], more: Partial<Figures> = {}): Figures => ({
  ...{ entries, memory: {}, dependenciesMb: null },
  ...more,
})

/** Of each goal that was judged: whether it is kept. */
const verdicts = (figures: Figures) => judge(figures).map(({ goal, kept }) => `${goal.split(':')[0]}: ${kept}`)

describe('the goals of the bench', () => {
  test('server CPU: the engine, 10 % more, and 0.03 ms for each statement allowed', () => {
    const engine = entry('userinfo', 'engine', [sample(0.1)])
    expect(cpuBound(figuresOf([engine]), 'userinfo')).toBeCloseTo(0.14)
    const at = (cpu: number, count: number) =>
      judge(figuresOf([engine, entry('userinfo', 'service', [sample(cpu)], { oidc_find: count })])).map(({ kept }) => kept)
    expect(at(0.139, 1)).toEqual([true, true])
    expect(at(0.141, 1)).toEqual([false, true])
    expect(at(0.139, 2)).toEqual([true, false])
  })

  test('the median of the rounds counts, not the best of them', () => {
    const figures = figuresOf([
      entry('refresh', 'engine', [sample(0.4), sample(0.4), sample(0.4)]),
      entry('refresh', 'service', [sample(0.1), sample(0.9), sample(0.9)]),
    ])
    expect(judge(figures)[0]).toMatchObject({ figure: 0.9, kept: false })
    expect(median([3, 1])).toBe(2)
  })

  test('discovery and keys are held against the same bytes by node:http, not against the engine', () => {
    const entries = (cpu: number) => [
      entry('discovery', 'engine', [sample(1)]),
      entry('discovery', 'bytes', [sample(0.05)]),
      entry('discovery', 'service', [sample(cpu)]),
    ]
    expect(verdicts(figuresOf(entries(0.0599)))).toEqual(['discovery: true'])
    expect(verdicts(figuresOf(entries(0.0601)))).toEqual(['discovery: false'])
  })

  test("a sign-in: four logins of the engine, eight statements of the engine's part, PostgreSQL half of the server", () => {
    const entries = (cpu: number, postgres: number, finds: number) => [
      entry('code-flow login', 'engine', [sample(1)]),
      entry('sign-in', 'service', [sample(cpu, postgres)], { oidc_find: finds, oidc_flush: 4, accounts_find: 1, begin: 9 }),
    ]
    const kept = (cpu: number, postgres: number, finds: number) =>
      judge(figuresOf(entries(cpu, postgres, finds))).map((one) => one.kept)
    expect(kept(4, 2, 3)).toEqual([true, true, true])
    expect(kept(4.01, 2.01, 4)).toEqual([false, false, false])
  })

  test('memory is held against the imported packages, its peak against itself at rest', () => {
    const judged = (idleMb: number, peakMb: number, readySeconds: number) =>
      judge(figuresOf([], { memory: { service: { idleMb, peakMb, readySeconds } }, dependenciesMb: 100 })).map(({ kept }) => kept)
    expect(judged(140, 240, 1.5)).toEqual([true, true, true])
    expect(judged(141, 242, 1.6)).toEqual([false, false, false])
  })

  test('what was not measured is neither kept nor missed', () => {
    expect(judge(figuresOf([]))).toEqual([])
    expect(judge(figuresOf([entry('userinfo', 'engine', []), entry('userinfo', 'service', [])]))).toEqual([])
    const nobody = [entry('userinfo', 'engine', [sample(0.1)]), entry('userinfo', 'other', [sample(Number.NaN)])]
    expect(judge(figuresOf(nobody))).toEqual([])
  })

  test('the report ends with every goal, kept or missed', () => {
    const entries = [entry('userinfo', 'engine', [sample(0.1)]), entry('userinfo', 'service', [sample(0.2)], { oidc_find: 1 })]
    const chosen = operations.filter(({ name }) => name === 'userinfo')
    const text = report({ ...figuresOf(entries), machine: {}, words: { service: 'Doorward' }, hotspots: [] }, chosen)
    expect(text).toContain('| userinfo: CPU ≤ engine + 10 % + 1 × 0.03 ms | 0.200 ms | 0.140 ms | **missed** |')
    expect(text).toContain('| userinfo: statements | 1.0 statements | 1.0 statements | kept |')
    expect(text).toContain('1 of 2 are kept.')
  })
})

describe('statements are counted in the log', () => {
  const LOG = [
    'bench|LOG:  statement: begin',
    'bench|LOG:  execute oidc_find: select *',
    '\tfrom oidc_record',
    "bench|DETAIL:  parameters: $1 = 'x'",
    'other|LOG:  execute oidc_find: select 1',
    'bench|LOG:  execute <unnamed>: ',
    '\tselect 1',
    'bench|LOG:  execute oidc_find: select *',
    'bench|LOG:  execute get_job1/graphile_worker: update',
    'bench|LOG:  checkpoint starting: time',
  ].join('\n')

  test('by name, of one database, each once however many lines it has', () => {
    expect(Object.fromEntries(countStatementsIn(LOG, 'bench'))).toEqual({
      begin: 1,
      oidc_find: 2,
      other: 1,
      'get_job1/graphile_worker': 1,
    })
  })

  test('what comes once in a while, and the job queue, belong to no operation', () => {
    expect(ownStatements({ oidc_find: 1, keys_all: 0.05, 'get_job1/graphile_worker': 1 })).toEqual({ oidc_find: 1 })
  })

  test("the engine's part of a sign-in: its records, the person it asks for, and of the looks of all screens one", () => {
    const all = { oidc_find: 3, oidc_flush: 2, accounts_find: 1, accounts_by_address: 2, audit_append: 5 }
    expect(engineStatements(all)).toEqual({ oidc_find: 3, oidc_flush: 2, accounts_find: 1 })
    const looks = { interaction_look: 5, attempt_history: 5, oidc_claim: 1 }
    expect(engineStatements(looks)).toEqual({ interaction_look: 1, oidc_claim: 1 })
  })
})

describe('pictures', () => {
  const entries = operations.flatMap(({ name }) => [
    entry(name, 'engine', [sample(0.1)]),
    entry(name, 'bytes', [sample(0.05)]),
    entry(name, 'service', [sample(0.12)]),
  ])

  test('the chart is small, has a row for each operation and no script', () => {
    const svg = chart({ entries }, operations)
    expect(svg.length).toBeLessThan(40_000)
    expectWellFormed(svg)
    expect(svg).not.toMatch(/<script|\son\w+=|href=/)
    expect(svg).toContain('prefers-color-scheme: dark')
    for (const { name } of operations) expect(svg).toContain(`>${name}</text>`)
  })

  test('a flame graph leaves out what is idle and too thin to see, and escapes names', () => {
    const frame = (functionName: string) => ({ functionName, url: '', lineNumber: 0 })
    const svg = flameGraph(
      {
        nodes: [
          { id: 1, children: [2, 3, 4], callFrame: frame('(root)') },
          { id: 2, callFrame: frame('(idle)') },
          { id: 3, children: [5], callFrame: frame('a <b> & c') },
          { id: 4, callFrame: frame('thin') },
          { id: 5, callFrame: frame('inner') },
        ],
        samples: [2, 3, 4, 5],
        timeDeltas: [9000, 500, 1, 500],
      },
      'sign-in',
      (url) => url,
    )
    expectWellFormed(svg)
    expect(svg).toContain('<title>a &lt;b&gt; &amp; c  99.9 %</title>')
    expect(svg).not.toMatch(/idle\)|thin/)
  })
})

describe('what the bench is told', () => {
  test('how Node runs is as in the image: each name has the value that the Dockerfile sets', () => {
    const image = parseDockerfile(readFileSync(join(PROJECT, 'Dockerfile'), 'utf8')).at(-1)
    const set = Object.assign({}, ...(image?.steps ?? []).map((step) => (step.do === 'env' ? step.values : {})))
    expect(set).toMatchObject(AS_IN_THE_IMAGE)
  })

  test('old objects have the room that V8 gives them in a pod of the chart: half of its memory', () => {
    const { resources } = parse(readFileSync(join(PROJECT, 'helm/values.yaml'), 'utf8'))
    expect(resources.limits.memory).toBe(`${2 * OLD_OBJECTS_MB}Mi`)
  })

  test('a code of an authenticator is used once: two in one half minute, and none after', () => {
    let now = 60_000
    const app = createAuthenticator('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', () => now)
    const codes = [app.nextCode(), app.nextCode()]
    expect(new Set(codes).size).toBe(2)
    expect(app.hasCode()).toBe(false)
    expect(() => app.nextCode()).toThrow()
    now += 60_000
    expect(app.hasCode()).toBe(true)
  })

  test('a file of another provider: each fault is told', () => {
    const good = 'name: X\nissuer: https://x.example\nclients: { web: { id: a, secret: b, redirect_uri: "https://a.example" } }\n'
    expect(readProvider(`${good}operations: [userinfo]`)).toMatchObject({ name: 'X', operations: ['userinfo'], endpoints: {} })
    expect(() => readProvider(`${good}operations: [sign-in]`)).toThrow(/operations/)
    expect(() => readProvider(`${good}operations: [userinfo]\npassword: x`)).toThrow(/password/)
  })
})

/** Tags that open and close each other, attributes in quotes, and no loose characters. */
function expectWellFormed(svg: string): void {
  const open: string[] = []
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?:\s[a-zA-Z0-9:-]+="[^"<]*")*)(\/?)>/g,
    (_, end: string, name: string, __, empty: string) => {
      if (end) expect(open.pop()).toBe(name)
      else if (!empty) open.push(name)
      return ''
    },
  )
  expect(open).toEqual([])
  expect(rest).not.toMatch(/<|&(?!lt;|gt;|amp;)/)
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
}

describe('what the time of a profile was for', () => {
  const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
    ...{ id, children },
    callFrame: { functionName, url, lineNumber: 0 },
  })
  const nodes = [
    node(1, '(root)', '', [2, 5, 6, 8]),
    node(2, 'show', 'file:///app/src/web/sign-in/visit.ts', [3, 4]),
    node(3, 'drawAll', 'file:///app/src/text/draw-directly.ts'),
    node(4, 'ask', 'file:///app/src/store/database.ts', [7]),
    node(5, '(idle)', ''),
    node(6, '(garbage collector)', ''),
    node(7, 'writev', ''),
    node(8, 'runMicrotasks', ''),
  ]

  test('the nearest function that says so counts, also for what the runtime does for it; idle time is left out', () => {
    const parts = partsOf({ nodes, samples: [3, 7, 2, 5, 6, 8], timeDeltas: [10, 20, 30, 500, 15, 25] })
    expect(parts.map(({ name, share }) => `${name} ${share}`)).toEqual([
      'the sign-in itself: screens, factors, limits, rules 0.3',
      'the runtime: promises, streams, events, system 0.25',
      'statements and their answers 0.2',
      '(garbage collector) 0.15',
      'pages and texts drawn 0.1',
    ])
  })
})
