// Loaded by `node --import` in front of the service: tells on standard error where the process connects to, what it asks
// DNS for, and which modules of OpenTelemetry it loads, but for the API: `prom-client` loads that.
import dgram from 'node:dgram'
import dns from 'node:dns'
import { registerHooks } from 'node:module'
import { Socket } from 'node:net'

const tell = (what: string, value: unknown) => process.stderr.write(`[${what}] ${String(value)}\n`)

type Any = (...args: unknown[]) => unknown

function watch(owner: object, name: string, words: (args: unknown[]) => unknown, what: string): void {
  const methods = owner as Record<string, Any>
  const own = methods[name]
  if (!own) return
  methods[name] = function (this: unknown, ...args: unknown[]) {
    tell(what, words(args))
    return own.apply(this, args)
  }
}

// `net` calls it with its arguments in a list of their own.
function placeOf(args: unknown[]): string {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args
  if (typeof first !== 'object') return `${typeof second === 'string' ? second : 'localhost'}:${first}`
  const { host = 'localhost', port, path } = first as { host?: string; port?: number; path?: string }
  return path ?? `${host}:${port}`
}

watch(Socket.prototype, 'connect', placeOf, 'connects')
for (const name of ['send', 'connect']) watch(dgram.Socket.prototype, name, () => 'a datagram', 'connects')
for (const owner of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype])
  for (const name of Object.getOwnPropertyNames(owner))
    if (/^(?:lookup|resolve|reverse)/.test(name)) watch(owner, name, ([asked]) => asked, 'asks')

registerHooks({
  load(url, context, next) {
    if (/node_modules\/@opentelemetry\/(?!api\/)/.test(url)) tell('loads', url)
    return next(url, context)
  },
})
