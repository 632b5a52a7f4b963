import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { EMAIL, json, type RunningLibrary, signInAt, signOutAt, startLibrary, untilRefreshed, visitorOf } from './library.ts'

let library: RunningLibrary | null
beforeAll(async () => {
  library = await startLibrary({
    name: 'authlib',
    needs: [['python3', '--version']],
    install: [
      ['python3', '-m', 'venv', 'venv'],
      ['venv/bin/pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
    ],
    start: ['venv/bin/python', 'app.py'],
  })
}, 180_000)
afterAll(() => library?.stop())

describe('a Flask application with Authlib', () => {
  test('signs somebody in, refreshes by itself, and signs out here and there', async () => {
    if (!library) return
    const { origin } = library
    const visitor = visitorOf(library)
    const page = await signInAt(library, visitor, `${origin}/sign-in`)
    const person = { sub: expect.stringMatching(/^[\w-]{22}$/), email: EMAIL }
    expect(JSON.parse(page.text)).toEqual(person)
    for (const count of [1, 2]) {
      await visitor.post(`${origin}/refresh`, {})
      await untilRefreshed(library, count)
    }
    expect(await json(visitor, `${origin}/userinfo`)).toMatchObject(person)
    const end = await signOutAt(library, visitor, await visitor.post(`${origin}/sign-out`, {}))
    expect(end.url).toBe(`${origin}/`)
    expect(await json(visitor, `${origin}/`)).toBeNull()
  })

  test('tells why where the person cancels', async () => {
    if (!library) return
    const { origin } = library
    const visitor = visitorOf(library)
    const state = new URL((await visitor.get(`${origin}/sign-in`)).location ?? '').searchParams.get('state')
    const answer = await visitor.get(`${origin}/callback?error=access_denied&error_description=cancelled&state=${state}`)
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, { error: 'access_denied', description: 'cancelled' }])
  })
})
