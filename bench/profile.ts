import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contenders.ts'
import { flameGraph } from './flame.ts'
import { drive, type Load } from './measure.ts'
import type { Operation } from './operations.ts'
import { partsOf } from './parts.ts'
import type { Profile, Share } from './recorded.ts'

/** Where the processor time of one operation goes, as shares of the time that was not idle. */
export interface Hotspots {
  operation: string
  /** Functions by their own time, largest first. */
  functions: Share[]
  /** The same by package or room. */
  places: Share[]
  /** The same by what it was for. */
  parts: Share[]
}

const INSPECTOR = 'http://127.0.0.1:9229/json/list'
const INTERVAL_US = 200
const POLL_MS = 50
const TRIES = 100
const SHOWN = 12
const ROOT = new URL('..', import.meta.url)

/**
 * Drives one operation with V8's profiler switched on in the server, and off again after it. The profile goes to the
 * folder as it is, for the tools of any browser, and as a flame graph.
 */
export async function profile(contender: Contender, operation: Operation, load: Load, folder: string): Promise<Hotspots> {
  const {
    workers,
    process: { pid },
  } = contender
  await Promise.all(workers.map((worker) => operation.prepare(worker)))
  await drive(workers, operation, load.warmUpMs)
  const inspector = await openInspector(pid)
  await inspector.ask('Profiler.enable')
  await inspector.ask('Profiler.setSamplingInterval', { interval: INTERVAL_US })
  await inspector.ask('Profiler.start')
  await drive(workers, operation, load.runMs)
  const { profile: recorded } = (await inspector.ask('Profiler.stop')) as { profile: Profile }
  await inspector.ask('Profiler.disable')
  inspector.close()
  const file = join(folder, operation.name.replaceAll(/\W+/g, '-'))
  await writeFile(`${file}.cpuprofile`, JSON.stringify(recorded))
  await writeFile(`${file}.svg`, flameGraph(recorded, operation.name, shortPath))
  const spots = spotsOf(recorded)
  return {
    operation: operation.name,
    functions: ranked(spots, functionName),
    places: ranked(spots, placeName),
    parts: partsOf(recorded),
  }
}

// Node opens its inspector on loopback when it is told so by signal.
async function openInspector(pid: number) {
  process.kill(pid, 'SIGUSR1')
  const socket = new WebSocket(await inspectorUrl())
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('the inspector of the server does not answer')))
  })
  const waiting = new Map<number, (result: unknown) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  })
  let asked = 0
  return {
    ask: (method: string, params: object = {}): Promise<unknown> =>
      new Promise((resolve) => {
        waiting.set(++asked, resolve)
        socket.send(JSON.stringify({ id: asked, method, params }))
      }),
    close: () => socket.close(),
  }
}

async function inspectorUrl(): Promise<string> {
  for (let tries = 0; tries < TRIES; tries++) {
    const answer = await fetch(INSPECTOR).catch(() => null)
    const [target] = answer ? ((await answer.json()) as { webSocketDebuggerUrl: string }[]) : []
    if (target) return target.webSocketDebuggerUrl
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error('the inspector of the server was not opened')
}

type Frame = Profile['nodes'][number]['callFrame']

interface Spot {
  frame: Frame
  caller: Frame | undefined
  us: number
}

function spotsOf({ nodes, samples, timeDeltas }: Profile): Spot[] {
  const own = new Map<number, number>()
  for (const [at, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[at] ?? 0))
  const callers = new Map(nodes.flatMap(({ children = [], callFrame }) => children.map((id) => [id, callFrame] as const)))
  return nodes
    .filter(({ callFrame }) => callFrame.functionName !== '(idle)')
    .map(({ id, callFrame }) => ({ frame: callFrame, caller: callers.get(id), us: own.get(id) ?? 0 }))
}

function ranked(spots: readonly Spot[], nameOf: (spot: Spot) => string): Share[] {
  const total = spots.reduce((sum, { us }) => sum + us, 0)
  const sums = new Map<string, number>()
  for (const spot of spots) sums.set(nameOf(spot), (sums.get(nameOf(spot)) ?? 0) + spot.us)
  return [...sums]
    .map(([name, us]) => ({ name, share: us / total }))
    .sort((a, b) => b.share - a.share)
    .slice(0, SHOWN)
}

/** A function of the runtime itself says little without who called it. */
function functionName({ frame, caller }: Spot): string {
  if (frame.url || frame.functionName.startsWith('(') || !caller?.url) return described(frame)
  return `${described(frame)} ← ${described(caller)}`
}

const described = ({ functionName: name, url, lineNumber }: Frame) =>
  url ? `${name || '(anonymous)'} ${shortPath(url)}:${lineNumber + 1}` : name

function placeName({ frame: { url, functionName: name } }: Spot): string {
  if (!url) return name.startsWith('(') ? name : '(native)'
  const path = shortPath(url)
  const [, scope] = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? []
  return scope ?? (path.startsWith('node:') ? 'node' : path.split('/').slice(0, 2).join('/'))
}

function shortPath(url: string): string {
  return url.startsWith('file:') ? relative(fileURLToPath(ROOT), fileURLToPath(url)) : url
}
