import { parseArgs } from 'node:util'
import type { Load } from './measure.ts'
import { type Operation, operations } from './operations.ts'

/** What the command line asks for. */
export interface Options {
  quick: boolean
  rounds: number
  load: Load
  /** How often a server is started, to see how long that takes. */
  starts: number
  /** People with an authenticator app: two sign-ins each in half a minute. */
  crowd: number
  chosen: readonly Operation[]
  /** What the operations cost at the least is measured too. */
  floor: boolean
  /** A configuration file of another provider. */
  provider: string | undefined
  json: string | undefined
  markdown: string | undefined
  svg: string | undefined
  /** Where profiles go; undefined: none is made. */
  profiles: string | undefined
}

const PROFILES = 'bench-profiles'
const PROFILED = ['keys', 'introspection', 'refresh', 'authorize', 'sign-in']

/** @throws where an operation is named that there is not */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      profiles: { type: 'string' },
      'no-floor': { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      provider: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      svg: { type: 'string' },
    },
  })
  const { quick, only } = values
  const unknown = only.filter((name) => !operations.some((operation) => operation.name === name))
  if (unknown.length > 0)
    throw new Error(`there is no operation ${unknown.join(', ')}; there are ${operations.map(({ name }) => name).join('; ')}`)
  return {
    quick,
    rounds: Number(values.rounds ?? (quick ? 1 : 3)),
    load: { warmUpMs: quick ? 100 : 400, runMs: Number(values.seconds ?? (quick ? 0.5 : 3)) * 1000 },
    starts: quick || only.length > 0 ? 1 : 3,
    crowd: quick ? 24 : 64,
    chosen: operations.filter(({ name }) => only.length === 0 || only.includes(name)),
    floor: !values['no-floor'],
    provider: values.provider,
    json: values.json,
    markdown: values.markdown,
    svg: values.svg,
    profiles: values.profiles ?? (values.profile ? PROFILES : undefined),
  }
}

/** Those whose profile is worth a look: of those chosen by name each one, else some. */
export function profiledOf({ chosen }: Options): readonly Operation[] {
  return chosen.length < operations.length ? chosen : chosen.filter(({ name }) => PROFILED.includes(name))
}
