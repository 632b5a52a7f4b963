// Loaded by `node --import` in front of the service: shifts `Date` of the whole process, engine included, by
// seconds that the parent process sends. `?seconds=` at this module's URL is where it begins.

const RealDate = globalThis.Date
const realNow = RealDate.now.bind(RealDate)
let offsetSeconds = Number(new URL(import.meta.url).searchParams.get('seconds') ?? 0)

const shiftedNow = (): number => realNow() + offsetSeconds * 1000

const ShiftedDate: DateConstructor = new Proxy(RealDate, {
  construct(target, args, newTarget) {
    const made = args.length === 0 ? [shiftedNow()] : args
    return Reflect.construct(target, made, newTarget === ShiftedDate ? target : newTarget) as Date
  },
  apply: () => new RealDate(shiftedNow()).toString(),
})
RealDate.now = shiftedNow
RealDate.prototype.constructor = ShiftedDate
globalThis.Date = ShiftedDate

if (process.send) {
  process.on('message', (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('clockSeconds' in message)) return
    offsetSeconds += Number(message.clockSeconds)
    process.send?.({ clockSet: offsetSeconds })
  })
  // No service outlives the test process that started it.
  process.on('disconnect', () => process.exit(137))
  process.channel?.unref()
}
