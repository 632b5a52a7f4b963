import type { Profile, Share } from './recorded.ts'

/** What the time of a process was for: by the nearest function, from the running one towards its callers, that says so. */
const PARTS: readonly [part: string, places: RegExp][] = [
  ['mail: composing and handing over', /nodemailer|src\/(?:delivery|notices)\//],
  ['pages and texts drawn', /liquidjs|intl-messageformat|@formatjs|src\/text\//],
  ['hashes, seals and signatures', /node:internal\/crypto|node:crypto|src\/base\/(?:secrets|id)|node_modules\/jose/],
  ['log and metrics', /node_modules\/(?:pino|sonic-boom|prom-client)|src\/base\/(?:log|metric|tracing)|src\/audit\//],
  ['statements and their answers', /node_modules\/(?:pg|postgres-)|src\/store\//],
  ['the engine', /node_modules\/oidc-provider/],
  ['around the engine: adapter, reading ahead, guards', /src\/(?:oidc|clients|keys)\//],
  [
    'HTTP, headers, cookies, routes, forms',
    /node:_http|node:internal\/http|node_modules\/@?(?:koa|helmet|cookies|keygrip|on-finished|parseurl|content-|type-is|accepts|qs|co-body|raw-body)|src\/web\/(?:middleware|server|routers|answered|published)/,
  ],
  ['the sign-in itself: screens, factors, limits, rules', /src\//],
]
const COLLECTOR = '(garbage collector)'
const IDLE = '(idle)'
const REST = 'the runtime: promises, streams, events, system'

/** Shares of the time in which the main thread was not idle, largest first. */
export function partsOf({ nodes, samples, timeDeltas }: Profile): Share[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const known = new Map<number, string>()

  function partAt(id: number): string {
    let part = known.get(id)
    if (part === undefined) {
      const { functionName, url } = byId.get(id)?.callFrame ?? { functionName: '', url: '' }
      const caller = callers.get(id)
      if (functionName === IDLE || functionName === COLLECTOR) part = functionName
      else part = PARTS.find(([, places]) => places.test(url))?.[0] ?? (caller === undefined ? REST : partAt(caller))
      known.set(id, part)
    }
    return part
  }

  const sums = new Map<string, number>()
  for (const [at, id] of samples.entries()) {
    const part = partAt(id)
    if (part !== IDLE) sums.set(part, (sums.get(part) ?? 0) + (timeDeltas[at] ?? 0))
  }
  const total = [...sums.values()].reduce((sum, us) => sum + us, 0)
  return [...sums].map(([name, us]) => ({ name, share: us / total })).sort((a, b) => b.share - a.share)
}
