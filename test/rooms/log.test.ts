import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from '@jest/globals'
import { createLog } from '../../src/base/index.ts'

/** What `createLog` writes for `say`, line by line. */
function linesOf(say: (log: ReturnType<typeof createLog>) => void, level = 'info'): Record<string, unknown>[] {
  const lines: string[] = []
  say(createLog(level, { write: (line) => void lines.push(line) }))
  return lines.map((line) => JSON.parse(line))
}

test('R-177 a line of the log holds its own fields, and nothing of the lines before it', () => {
  const lines = linesOf((log) => {
    log.info({ kids: ['one'] }, 'first')
    log.info('second')
  })
  expect(lines[0]).toMatchObject({ msg: 'first', kids: ['one'] })
  expect(lines[1]).toEqual({ level: 'info', time: expect.any(String), msg: 'second' })
})

test('R-177 what is known as secret is hidden at the top of a line and one level down, and stays what it was for the caller', () => {
  const names = 'authorization cookie code token link secret password target email phone body address'.split(' ')
  const secrets = Object.fromEntries(names.map((name) => [name, 'maria@fabrikam.example']))
  const fields = { ...secrets, of: { ...secrets, kept: 1 }, list: [1], at: new Date(0), none: null }
  const given = structuredClone(fields)
  const [line] = linesOf((log) => log.info(fields, 'told'))
  const hidden = Object.fromEntries(names.map((name) => [name, '[hidden]']))
  const rest = { list: [1], at: '1970-01-01T00:00:00.000Z', none: null, msg: 'told' }
  expect(line).toMatchObject({ ...hidden, of: { ...hidden, kept: 1 }, ...rest })
  expect(JSON.stringify(line)).not.toContain('maria')
  expect(fields).toEqual(given)
})

test('R-177 of an error its type, message, code and causes are told, and nothing else that hangs on it', () => {
  const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (target)=(maria@fabrikam.example)' })
  const [line] = linesOf((log) => log.error({ err: new Error('failed', { cause }) }, 'told'))
  expect(line).toMatchObject({ err: { message: 'failed', cause: { message: 'duplicate key', errorCode: '23505' } } })
  expect(JSON.stringify(line)).not.toContain('maria')
})

test('the time of each line is its own, to the millisecond', () => {
  const now = Date.now
  try {
    const moments = [0, 7, 999, 1000, 61_042, 1_000].map((offset) => 1_700_000_000_000 + offset)
    const told = moments.map((moment) => new Date(moment).toISOString())
    const lines = linesOf((log) => {
      for (const moment of moments) {
        Date.now = () => moment
        log.info('told')
      }
    })
    expect(lines.map(({ time }) => time)).toEqual(told)
  } finally {
    Date.now = now
  }
})

const BASE = new URL('../../src/base/index.ts', import.meta.url).href

/** A process of its own that says something by a log, and what of it reaches its standard output. */
function speaker(say: string, environment: Record<string, string> = {}) {
  const code = `const { createLog } = await import('${BASE}'); const log = createLog('info'); ${say}`
  const options = { stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...environment } }
  return spawn(process.execPath, ['--input-type=module', '-e', code], options)
}

const told = (output: string) => Array.from(output.matchAll(/.+\n/g), ([line]) => JSON.parse(line).msg)

// What is written aside waits for the one thread that something else keeps busy.
const BUSY = "process.getBuiltinModule('node:crypto').pbkdf2('', '', 200_000, 64, 'sha512', () => {})"

test.each([
  ['an exit', "log.info('held'); log.info('told'); process.exit(0)"],
  ['an end by itself', "log.info('held'); log.info('told')"],
  ['a warning, then an exit', `${BUSY}; log.info('held'); log.warn('told'); process.exit(0)`],
  ['an error that nobody caught', "log.info('held'); log.info('told'); throw new Error('uncaught')"],
])('lines that were held go out, in their order: %s', async (_how, say) => {
  const child = speaker(say, { UV_THREADPOOL_SIZE: '1' })
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  expect(told(output)).toEqual(['held', 'told'])
})

test('a warning goes out at once, with the lines that were held before it, though the process stands still', async () => {
  // Nothing runs in it any more, no timer either: what was handed to the system is written all the same.
  const child = speaker("log.info('held'); log.warn('told'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)")
  let output = ''
  for await (const part of child.stdout) {
    output += part
    if (output.includes('"told"')) child.kill('SIGKILL')
  }
  expect(told(output)).toEqual(['held', 'told'])
})

test('a line that can wait is written within a moment', async () => {
  const child = speaker("log.info('told'); setInterval(() => {}, 1000)")
  const [line] = await once(child.stdout, 'data')
  child.kill('SIGKILL')
  expect(String(line)).toContain('"msg":"told"')
})

test('a reader that hangs holds nobody up and fills no memory; it is told how many lines it lost', async () => {
  const lines = 60_000
  const code = `
    const { createLog } = await import('${BASE}'); const log = createLog('info')
    for (let at = 0; at < ${lines}; at++) {
      log.info({ at, long: 'x'.repeat(400) }, 'told')
      if (at % 1000 === 0) await new Promise(setImmediate)
    }
    process.stderr.write('all told')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'pipe'] })
  await once(child.stderr, 'data')
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  const read = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; lines?: number })
  const lost = read.filter(({ lines }) => lines !== undefined)
  expect(lost).toHaveLength(1)
  expect(read.length - 1 + Number(lost[0]?.lines)).toBe(lines)
  expect(output.length).toBeLessThan(10e6)
})
