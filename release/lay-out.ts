// Lays out in folders what `docker build` would make of the Dockerfile: one folder for each stage, the last one being the
// image without what its base brings. Node is the one that runs this.
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { chmod, copyFile, cp, mkdir, readFile, stat, symlink } from 'node:fs/promises'
import { dirname, join, posix, relative, resolve } from 'node:path'
import { parseDockerfile, type Stage } from './dockerfile.ts'
import { finish } from './finish.ts'

/** The image, laid out. */
export interface ImageTree {
  /** Stands for `/` of the image; holds what its instructions put there, and nothing of its base. */
  folder: string
  /** The runtime that the base brings, at a place that any user can reach. */
  node: string
  env: Readonly<Record<string, string>>
  /** Absolute, as in the image. */
  workdir: string
  user: { uid: number; gid: number }
  command: readonly string[]
  healthcheck: readonly string[]
  base: string
  labels: Readonly<Record<string, string>>
  ports: readonly number[]
}

export interface LayOutOptions {
  /** The folder with Dockerfile and .dockerignore. */
  context: string
  /** An empty folder for the stages. */
  out: string
  /** Stages that need not be built, since a folder with the same in it is there: name of the stage to its `/app`. */
  standIns?: Readonly<Record<string, string>>
  /** Told one line for each step. */
  say?: (line: string) => void
}

interface Standing {
  folder: string
  env: Record<string, string>
  workdir: string
  user: { uid: number; gid: number }
}

/** What a step that runs here takes over from this machine: how to find programs, and what npm needs to fetch. */
const TAKEN_OVER = /^(?:PATH|HOME|TMPDIR|(?:https?|no)_proxy|NODE_EXTRA_CA_CERTS|npm_config_(?:registry|cache|userconfig))$/i

/** Lays the stages out, those that need not wait for each other at the same time. Throws when a step fails. */
export async function layOutImage({ context, out, standIns = {}, say = () => {} }: LayOutOptions): Promise<ImageTree> {
  const stages = parseDockerfile(await readFile(join(context, 'Dockerfile'), 'utf8'))
  const ignored = ignores(await readFile(join(context, '.dockerignore'), 'utf8'))
  const node = join(out, 'runtime', 'node')
  await mkdir(dirname(node), { recursive: true })
  await copyFile(process.execPath, node, constants.COPYFILE_FICLONE)
  await chmod(out, 0o755)

  const begun = new Map<string, Promise<Standing>>()
  const last = stages.at(-1) as Stage
  const image = await build(last)
  if (!last.command || !last.healthcheck) throw new Error('the image has no CMD or no HEALTHCHECK')
  const { command, healthcheck, base, labels, ports } = last
  return { ...image, node, command, healthcheck, base, labels, ports }

  async function build(stage: Stage): Promise<Standing> {
    const needed = new Set(stage.steps.flatMap((step) => (step.do === 'copy' && step.from ? [step.from] : [])))
    await Promise.all([...needed].map(standing))
    const at: Standing = {
      folder: join(out, 'stages', stage.name ?? 'image'),
      env: {},
      workdir: '/',
      user: { uid: 0, gid: 0 },
    }
    await mkdir(at.folder, { recursive: true })
    for (const step of stage.steps) {
      const began = performance.now()
      if (step.do === 'workdir') at.workdir = step.path
      if (step.do === 'workdir') await mkdir(join(at.folder, at.workdir), { recursive: true })
      if (step.do === 'env') Object.assign(at.env, step.values)
      if (step.do === 'user') at.user = { uid: step.uid, gid: step.gid }
      if (step.do === 'copy') await copy(step, at)
      if (step.do === 'run') await run(step.command, at, dirname(node))
      if (step.do === 'run') say(`${stage.name ?? 'image'}: ${step.command} (${seconds(began)} s)`)
    }
    return at
  }

  function standing(name: string): Promise<Standing> {
    const stage = stages.find((one) => one.name === name)
    if (!stage) throw new Error(`COPY from ${name}, which is no stage`)
    const known = begun.get(name) ?? (standIns[name] ? standIn(name, standIns[name]) : build(stage))
    begun.set(name, known)
    return known
  }

  async function standIn(name: string, app: string): Promise<Standing> {
    const folder = join(out, 'stages', name)
    await mkdir(folder, { recursive: true })
    await symlink(app, join(folder, 'app'))
    return { folder, env: {}, workdir: '/app', user: { uid: 0, gid: 0 } }
  }

  async function copy(step: { from: string | null; sources: readonly string[]; target: string }, at: Standing): Promise<void> {
    const root = step.from ? (await standing(step.from)).folder : context
    const target = join(at.folder, posix.resolve(at.workdir, step.target))
    for (const source of step.sources) {
      const path = join(root, source)
      const folder = (await stat(path)).isDirectory()
      const to = step.target.endsWith('/') && !folder ? join(target, posix.basename(source)) : target
      await mkdir(folder ? to : dirname(to), { recursive: true })
      if (step.from && folder) await copyFolder(path, to)
      else await cp(path, to, { recursive: true, filter: (file) => step.from !== null || !ignored(relative(context, file)) })
    }
  }
}

/** Stages are not changed once they are copied from, so that their files may be the same files. */
async function copyFolder(from: string, to: string): Promise<void> {
  const flags = process.platform === 'linux' ? '-Rl' : '-R'
  await finish(spawn('cp', [flags, `${from}/.`, to]))
}

/** The environment of the image, its paths leading into the folder that stands for its root. */
export function environmentIn(tree: Pick<Standing, 'folder' | 'env' | 'workdir'>): Record<string, string> {
  const inside = (value: string) => value === tree.workdir || value.startsWith(`${tree.workdir}/`)
  return Object.fromEntries(
    Object.entries(tree.env).map(([name, value]) => [name, inside(value) ? join(tree.folder, value) : value]),
  )
}

/** Whether a path from the top of the context is left out by .dockerignore: the last line that matches it decides. */
export function ignores(text: string): (path: string) => boolean {
  const lines = text.split('\n').filter((line) => line.trim() && !line.startsWith('#'))
  const rules = lines.map((line) => {
    const pattern = line.trim().replace(/^!/, '')
    if (/[?[\]\\]|\*\*/.test(pattern)) throw new Error(`.dockerignore: ${line} is of a form that is not known here`)
    const expression = pattern.replaceAll(/[.+^${}()|]/g, '\\$&').replaceAll('*', '[^/]*')
    return { out: !line.startsWith('!'), matches: new RegExp(`^${expression}(?:/|$)`) }
  })
  return (path) => rules.findLast(({ matches }) => matches.test(path.replaceAll('\\', '/')))?.out ?? false
}

async function run(command: string, at: Standing, runtime: string): Promise<void> {
  const root = process.getuid?.() === 0
  const taken = Object.entries(process.env).filter(([name]) => TAKEN_OVER.test(name))
  const path = [runtime, process.env.PATH].join(':')
  const child = spawn('sh', ['-c', command], {
    cwd: join(at.folder, at.workdir),
    env: { ...Object.fromEntries(taken), npm_config_prefer_offline: 'true', ...environmentIn(at), PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(root ? { uid: at.user.uid, gid: at.user.gid } : {}),
  })
  await finish(child).catch((error) => {
    throw new Error(`RUN ${command}: ${error.message}`)
  })
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1)

/** The folder of this project. */
export const PROJECT = resolve(import.meta.dirname, '..')
