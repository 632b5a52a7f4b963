import { createHook } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back what a start needed and a process that runs does not: a fifth of its memory, most of it room for new objects,
 * which V8 makes large while thousands of modules are loaded and makes small again only when it is asked to. Under load
 * it grows again. It holds the process up for about a tenth of a second, so call it before anybody is served. Some ten
 * seconds later V8 looks twice more for what is left, at about the same cost; then the process rests.
 */
export function giveBackMemory(): void {
  keepTickShape()
  setFlagsFromString('--expose-gc') // to contexts made from here on
  const collect = runInNewContext('gc') as (how: { type: 'major'; flavor: 'last-resort' }) => void
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'major', flavor: 'last-resort' })
}

/** Nobody reads it: what is in it is not forgotten. */
const kept: object[] = []

/**
 * Each `process.nextTick` makes an object, seven of them for the smallest request. V8 makes them quickly while it knows
 * their shape, and forgets a shape with the last object of it: after a collection at a moment when no tick waits, all
 * later ones take six times as long (`Runtime_DefineKeyedOwnPropertyInLiteral` takes forgotten feedback for that of many
 * shapes). So one is kept. It is given to nobody but a hook; one that promises are not told to, since V8 would make them all
 * slower from then on.
 */
function keepTickShape(): void {
  const hook = createHook({
    init(_id, type, _trigger, made) {
      if (type === 'TickObject' && kept.length === 0) kept.push(made)
    },
    trackPromises: false,
  })
  hook.enable()
  process.nextTick(() => {})
  hook.disable()
}
