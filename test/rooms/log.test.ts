import { Writable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { createLog } from '../../src/base/index.ts'

test('R-177 a line of the log holds its own fields, and nothing of the lines before it', () => {
  const lines: unknown[] = []
  const log = createLog('info', new Writable({ write: (line, _, done) => done(void lines.push(JSON.parse(String(line)))) }))
  log.info({ kids: ['one'] }, 'first')
  log.info('second')
  expect(lines[0]).toMatchObject({ msg: 'first', kids: ['one'] })
  expect(lines[1]).toEqual({ level: 'info', time: expect.any(String), msg: 'second' })
})
