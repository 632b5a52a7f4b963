import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { send } from '../support/http.ts'
import { formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, finish, sendRaw, submit } from './fault-tools.ts'

// F-49: what is too large or not a form at all is refused with a 4xx, quickly, and nothing is lost by it.

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

const FORM = 'application/x-www-form-urlencoded'
const MEGABYTE = 1024 * 1024

function* pieces(first: string, piece: string, count: number, last = ''): Generator<string> {
  yield first
  for (let at = 0; at < count; at++) yield piece
  yield last
}

const head = (path: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, `Host: localhost:${stage.service.port}`, 'Connection: close', ...headers, '', ''].join('\r\n')

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)

/** Every path that takes a body: one of ours, and the engine's. */
const TARGETS = ['/sign-in/UID/identify', '/token', '/authorize', '/introspect', '/revoke', '/logout/confirm', '/userinfo']

async function residentMegabytes(): Promise<number> {
  const metrics = await (await fetch(`${stage.service.opsUrl}/metrics`)).text()
  const found = /^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]
  if (found) return Number(found) / MEGABYTE
  const { readFile } = await import('node:fs/promises')
  const status = await readFile(`/proc/${stage.service.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

describe('a request that is too large', () => {
  test('R-157, F-49 a form or JSON of 10 MB, with its length or in chunks: 4xx, memory stays, the sign-in goes on', async () => {
    const walk = await arrive(stage)
    const cookie = walk.visitor.jar.header(`${walk.home}/identify`) ?? ''
    const before = await residentMegabytes()
    const text = 'x'.repeat(64 * 1024)
    for (const target of TARGETS) {
      const path = target.replace('UID', walk.uid)
      for (const type of [FORM, 'application/json']) {
        const common = [`Cookie: ${cookie}`, `Content-Type: ${type}`, 'Accept: text/html']
        const declared = await sendRaw(
          stage.service.port,
          pieces(head(path, ...common, `Content-Length: ${10 * MEGABYTE}`), text, 160),
        )
        const chunk = `${text.length.toString(16)}\r\n${text}\r\n`
        const chunked = await sendRaw(
          stage.service.port,
          pieces(head(path, ...common, 'Transfer-Encoding: chunked'), chunk, 160, '0\r\n\r\n'),
        )
        for (const [how, answer] of Object.entries({ declared, chunked })) {
          // The line may be cut before the answer was read: that is a refusal too, but never a 5xx.
          const status = statusOf(answer)
          expect([path, type, how, status === 0 || (status >= 400 && status < 500)]).toEqual([path, type, how, true])
        }
      }
    }
    expect((await residentMegabytes()) - before).toBeLessThan(150)
    walk.page = await submit(walk, 'identifier', { identifier: 'large@fabrikam.example' })
    expect((await finish(stage, walk, 'large@fabrikam.example')).status).toBe(200)
  })

  test('R-157 just above the limit: a clear page for a person, a problem for a program', async () => {
    const walk = await arrive(stage)
    const identifier = 'x'.repeat(70 * 1024)
    const form = formWith(walk.page, 'identifier')
    if (!form) throw new Error(walk.page.words)
    const page = await walk.visitor.submit(form, { identifier })
    expect([page.status, page.headers['content-type']]).toEqual([413, expect.stringContaining('text/html')])
    const program = await send(`${stage.service.issuer}/token`, {
      body: { grant_type: identifier },
      headers: { accept: 'application/json' },
    })
    expect(program.status).toBe(413)
    expect(JSON.parse(program.text)).toMatchObject({ status: 413 })
  })

  test('R-157 a header of 1 MB and a target of 1 MB are cut off', async () => {
    const long = await sendRaw(
      stage.service.port,
      pieces('GET / HTTP/1.1\r\nHost: x\r\nX-Long: ', 'x'.repeat(64 * 1024), 16, '\r\n\r\n'),
    )
    expect([0, 431]).toContain(statusOf(long))
    const target = await sendRaw(stage.service.port, pieces('GET /', 'x'.repeat(64 * 1024), 16, ' HTTP/1.1\r\nHost: x\r\n\r\n'))
    expect([0, 414, 431]).toContain(statusOf(target))
    expect((await send(`${stage.service.issuer}/jwks`)).status).toBe(200)
  })

  test('F-49 100,000 parameters, deep nesting and wrong lengths: 4xx, quickly', async () => {
    const walk = await arrive(stage)
    const cookie = walk.visitor.jar.header(`${walk.home}/identify`) ?? ''
    const bodies: [string, string][] = [
      [FORM, 'a=1&'.repeat(100_000)],
      [FORM, '&'.repeat(60_000)],
      [FORM, 'a'.concat('[b]'.repeat(10_000), '=1')],
      ['application/json', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
      ['text/plain', 'hello'],
      ['multipart/form-data; boundary=x', '--x--'],
      [`${FORM}; charset=utf-7`, 'identifier=x'],
    ]
    for (const [type, body] of bodies) {
      for (const target of TARGETS) {
        const began = performance.now()
        const answer = await send(`${stage.service.issuer}${target.replace('UID', walk.uid)}`, {
          method: 'POST',
          body,
          headers: { 'content-type': type, cookie, accept: 'text/html' },
        }).catch(() => null)
        const status = answer?.status ?? 400
        expect([type, target, status >= 400 && status < 500]).toEqual([type, target, true])
        expect(performance.now() - began).toBeLessThan(2000)
      }
    }
    walk.page = await submit(walk, 'identifier', { identifier: 'many@fabrikam.example' })
    expect((await finish(stage, walk, 'many@fabrikam.example')).status).toBe(200)
  })
})
