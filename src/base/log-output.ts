import { pino } from 'pino'

const STANDARD_OUTPUT = 1
const HELD_MS = 20
const HELD_CHARACTERS_MAX = 16_000
/** What waits for a reader that hangs. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024
/** pino's number for `warn`. */
const WARN = 40

const LOST = 'lines of the log were lost: whoever reads them had stopped'

const { needsMetadataGsym } = pino.symbols

/** Where lines of the log go. */
interface LogOutput {
  /** Asks pino to tell the level of a line before it hands it over. */
  readonly [needsMetadataGsym]: true
  lastLevel: number
  write(line: string): void
  flushSync(): void
}

let shared: LogOutput | undefined

/**
 * Standard output, the same for all logs of the process. A write for each line costs more than the line: those that can
 * wait are held for 20 ms at most, or until they fill a write. From `warn` on a line goes out at once, with all before it, and
 * so does what is held when the process ends; only a `kill -9` loses it. A reader that hangs holds nobody up: 8 MB wait for it,
 * what is more is lost, and once it reads again it is told how many lines that were.
 */
export function standardOutput(): LogOutput {
  shared ??= createOutput()
  return shared
}

function createOutput(): LogOutput {
  const descriptor = pino.destination({ dest: STANDARD_OUTPUT, sync: false, maxLength: WAITING_BYTES_MAX })
  let lost = 0
  descriptor.on('drop', (text: string) => {
    lost += text.split('\n').length - 1
  })
  descriptor.on('drain', () => {
    if (lost === 0) return
    const lines = lost
    lost = 0
    descriptor.write(`${JSON.stringify({ level: 'warn', time: new Date(Date.now()).toISOString(), lines, msg: LOST })}\n`)
  })
  let held = ''
  let timer: NodeJS.Timeout | undefined

  function take(): string {
    clearTimeout(timer)
    timer = undefined
    const text = held
    held = ''
    return text
  }

  function flush(): void {
    const text = take()
    if (text !== '') descriptor.write(text)
  }

  const output: LogOutput = {
    [needsMetadataGsym]: true,
    lastLevel: 0,
    write(line) {
      held += line
      if (output.lastLevel >= WARN || held.length > HELD_CHARACTERS_MAX) flush()
      else timer ??= setTimeout(flush, HELD_MS).unref()
    },
    // What is written aside would come too late: nothing waits for it any more.
    flushSync() {
      const text = take()
      descriptor.flushSync()
      if (text !== '') pino.destination({ dest: STANDARD_OUTPUT, sync: true }).write(text)
    },
  }
  process.once('exit', output.flushSync)
  return output
}
