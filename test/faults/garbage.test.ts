import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { send } from '../support/http.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ask, finish, sendRaw, type Walk } from './fault-tools.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

describe('garbage', () => {
  const GARBAGE = [
    'x',
    '%',
    '%00',
    '%2e%2e%2f',
    '..',
    '.',
    'null',
    'undefined',
    '__proto__',
    '%F0%9F%98%80',
    '%ff',
    "'%20or%201=1--",
    'A'.repeat(3000),
    '$(id)',
  ]

  test('for an id on any route is a 4xx page, and for a token of a link the page of an ended one', async () => {
    const walk = await ask(stage, 'garbage@fabrikam.example')
    for (const garbage of GARBAGE) {
      for (const path of [
        `/sign-in/${garbage}`,
        `/sign-in/${garbage}/state`,
        `/sign-in/${garbage}/link/${garbage}`,
        `/authorize/${garbage}`,
        `/assets/${garbage}`,
      ]) {
        const page = await raw(walk, path)
        expect([path, page.status >= 400 && page.status < 500, page.csp]).toEqual([path, true, true])
      }
      const link = await raw(walk, `/sign-in/${walk.uid}/link/${garbage}`)
      expect([garbage, link.status >= 400 && link.status < 500]).toEqual([garbage, true])
    }
    expect((await finish(stage, walk, 'garbage@fabrikam.example')).status).toBe(200)
  })

  test('in cookies is as if there were none, and the cookies that are right count on', async () => {
    const walk = await ask(stage, 'cookies@fabrikam.example')
    const { issuer } = stage.service
    const names = [
      'session',
      'session.sig',
      'interaction',
      'interaction.sig',
      'resume',
      'known',
      'known.sig',
      'said',
      'said.sig',
      '__proto__',
    ]
    const url = await stage.authorizeUrl(createVisitor(stage.service))
    for (const value of ['', 'x', '%', '%00', '"', 'A'.repeat(2000), '..', 'j:{"a":1}', '[]']) {
      const cookie = names.map((name) => `${name}=${value}`).join('; ')
      for (const target of [url, walk.home, `${walk.home}/continue`, `${issuer}/logout`, `${issuer}/authorize/${walk.uid}`]) {
        const answer = await send(target, { headers: { cookie, accept: 'text/html' } })
        expect([value, target, answer.status < 500]).toEqual([value, target, true])
      }
    }
    const own = walk.visitor.jar.header(walk.home) ?? ''
    const mixed = await send(walk.home, { headers: { cookie: `known=x; ${own}; said=%; a=b`, accept: 'text/html' } })
    expect(mixed.status).toBe(200)
    expect((await finish(stage, walk, 'cookies@fabrikam.example')).status).toBe(200)
  })

  test('R-141 in the spelling of a path finds no page: twice a slash, another case, a slash at the end, encoded', async () => {
    const walk = await ask(stage, 'paths@fabrikam.example')
    const { uid } = walk
    for (const path of [
      `//sign-in/${uid}`,
      `/sign-in//${uid}`,
      `/sign-in/${uid}/`,
      `/Sign-In/${uid}`,
      `/sign-in%2f${uid}`,
      `/sign-in/${uid}%2fstate`,
      `/sign-in/${uid}/%73tate/`,
      `/./sign-in/${uid}`,
      `/x/../sign-in/${uid}`,
      `/sign-in/${uid}/STATE`,
      '//token',
      '/token/',
      '/TOKEN',
      '/token%2f',
      '//authorize',
      '/Authorize',
      '/authorize/',
      '/jwks/',
      '/%2e%2e/token',
    ]) {
      for (const method of ['GET', 'POST']) {
        const answer = await raw(walk, path, method)
        // An encoded slash belongs to the id, and there is no such id.
        expect([path, method, answer.status]).toEqual([
          path,
          method,
          method === 'GET' && /^\/sign-in\/.+%2f/.test(path) ? 400 : 404,
        ])
      }
    }
    expect((await finish(stage, walk, 'paths@fabrikam.example')).status).toBe(200)
  })
})

/** One request whose target goes over the wire as it is written. */
async function raw({ visitor, uid }: Walk, path: string, method = 'GET'): Promise<{ status: number; csp: boolean }> {
  const { port, issuer } = stage.service
  const cookie = visitor.jar.header(`${issuer}/sign-in/${uid}`) ?? ''
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: localhost:${port}`,
    `Cookie: ${cookie}`,
    'Accept: text/html',
    'Content-Length: 0',
    'Connection: close',
    '',
    '',
  ]
  const answer = await sendRaw(port, [lines.join('\r\n')])
  return { status: Number(answer.slice(9, 12)), csp: /\r\ncontent-security-policy:/i.test(answer) }
}
