// Reads a Dockerfile: the instructions that ours uses, in the forms that it uses. Anything else is refused, so that
// nothing of it is silently left out where the tree is laid out without an engine.

export type Step =
  | { do: 'workdir'; path: string }
  | { do: 'env'; values: Readonly<Record<string, string>> }
  | { do: 'user'; uid: number; gid: number }
  | { do: 'copy'; from: string | null; sources: readonly string[]; target: string }
  | { do: 'run'; command: string }

export interface Stage {
  name: string | null
  /** An image, or the name of a stage above. */
  base: string
  /** What changes the tree or how further steps run, in order. */
  steps: readonly Step[]
  labels: Readonly<Record<string, string>>
  ports: readonly number[]
  command: readonly string[] | null
  healthcheck: readonly string[] | null
}

type Values = Record<string, string>
type Draft = { -readonly [K in keyof Stage]: Stage[K] } & { steps: Step[]; labels: Values; args: Values }

/** The stages of a Dockerfile, the last one being the image. Throws for what it does not know. */
export function parseDockerfile(text: string): readonly Stage[] {
  const globals: Values = {}
  const stages: Draft[] = []
  for (const line of logicalLines(text)) {
    const [, word = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(line) ?? []
    const stage = stages.at(-1)
    if (word === 'FROM') stages.push(from(expand(rest, globals)))
    else if (word === 'ARG') setArgument(rest, stage ? stage.args : globals, globals)
    else if (!stage) throw new Error(`${word} before the first FROM`)
    else takeInstruction(stage, word, rest)
  }
  if (stages.length === 0) throw new Error('a Dockerfile without FROM')
  return stages.map(({ args: _, ...stage }) => stage)
}

function takeInstruction(stage: Draft, word: string, rest: string): void {
  const read = instructions[word]
  if (!read) throw new Error(`the instruction ${word} is not known here`)
  read(stage, rest)
}

const instructions: Readonly<Record<string, (stage: Draft, rest: string) => void>> = {
  WORKDIR: (stage, rest) => stage.steps.push({ do: 'workdir', path: absolute(rest) }),
  RUN: (stage, rest) => stage.steps.push({ do: 'run', command: relativeOnly(rest) }),
  COPY: (stage, rest) => stage.steps.push(copy(rest)),
  ENV: (stage, rest) => stage.steps.push({ do: 'env', values: assignments(rest, stage.args) }),
  USER: (stage, rest) => stage.steps.push(user(rest)),
  LABEL: (stage, rest) => void Object.assign(stage.labels, assignments(rest, stage.args)),
  EXPOSE: (stage, rest) => {
    stage.ports = [...stage.ports, ...rest.split(/\s+/).map(Number)]
  },
  CMD: (stage, rest) => {
    stage.command = execForm(rest)
  },
  HEALTHCHECK: (stage, rest) => {
    const [, command] = /^(?:--[a-z-]+=\S+\s+)*CMD\s+(.*)$/s.exec(rest) ?? []
    if (!command) throw new Error(`a HEALTHCHECK of another form: ${rest}`)
    stage.healthcheck = execForm(command)
  },
}

/** Lines without comments, continued ones joined. */
function logicalLines(text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line))
  return lines
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}

function from(rest: string): Draft {
  const [, base = '', name = null] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(rest) ?? []
  if (!base) throw new Error(`a FROM of another form: ${rest}`)
  return { name, base, steps: [], labels: {}, ports: [], command: null, healthcheck: null, args: {} }
}

function setArgument(rest: string, into: Values, globals: Values): void {
  const [, name = '', value] = /^([A-Z_]+)(?:=(\S*))?$/.exec(rest) ?? []
  if (!name) throw new Error(`an ARG of another form: ${rest}`)
  into[name] = value ?? globals[name] ?? ''
}

function copy(rest: string): Step {
  const words = rest.split(/\s+/)
  const flags = words.filter((word) => word.startsWith('--'))
  const from = flags[0]?.replace('--from=', '') ?? null
  if (flags.length > 1 || flags.some((flag) => !flag.startsWith('--from='))) throw new Error(`COPY with other flags: ${rest}`)
  if (/[*?[\]$]/.test(rest)) throw new Error(`COPY with a pattern: ${rest}`)
  const paths = words.slice(flags.length)
  const target = paths.pop()
  if (!target || paths.length === 0) throw new Error(`a COPY of another form: ${rest}`)
  return { do: 'copy', from, sources: paths, target }
}

function user(rest: string): Step {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(rest) ?? []
  if (!uid || !gid) throw new Error(`USER must be two numbers: ${rest}`)
  return { do: 'user', uid: Number(uid), gid: Number(gid) }
}

/** A folder stands in for the root of the image, so a command that names an absolute path would leave it. */
function relativeOnly(command: string): string {
  if (/(?:^|[\s=:'"`(])\//.test(command)) throw new Error(`RUN with an absolute path: ${command}`)
  return command
}

function absolute(path: string): string {
  if (!path.startsWith('/')) throw new Error(`WORKDIR must be absolute: ${path}`)
  return path
}

function execForm(rest: string): string[] {
  const words: unknown = rest.startsWith('[') ? JSON.parse(rest) : null
  if (!Array.isArray(words) || words.some((word) => typeof word !== 'string')) throw new Error(`not in the exec form: ${rest}`)
  return words
}

function assignments(rest: string, args: Values): Values {
  const found = [...rest.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))(?:\s+|$)/g)]
  if (found.map(([whole]) => whole).join('') !== rest) throw new Error(`assignments of another form: ${rest}`)
  return Object.fromEntries(found.map(([, name = '', quoted, plain = '']) => [name, expand(quoted ?? plain, args)]))
}

function expand(text: string, values: Values): string {
  return text.replaceAll(/\$\{([A-Z_]+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`the variable ${name} has no value`)
    return value
  })
}
