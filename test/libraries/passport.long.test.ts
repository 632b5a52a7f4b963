import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { EMAIL, json, npm, type RunningLibrary, signInAt, signOutAt, startLibrary, visitorOf } from './library.ts'

let library: RunningLibrary | null
beforeAll(async () => {
  library = await startLibrary({ name: 'passport', ...npm('app.js') })
}, 180_000)
afterAll(() => library?.stop())

describe('an application with passport-openidconnect', () => {
  test('signs somebody in, knows their address from the ID token, and signs out here and there', async () => {
    if (!library) return
    const { origin } = library
    const visitor = visitorOf(library)
    expect(await json(visitor, `${origin}/`)).toBeNull()
    const page = await signInAt(library, visitor, `${origin}/sign-in`)
    expect(JSON.parse(page.text)).toEqual({ sub: expect.stringMatching(/^[\w-]{22}$/), email: EMAIL })
    const end = await signOutAt(library, visitor, await visitor.post(`${origin}/sign-out`, {}))
    expect(end.url).toBe(`${origin}/`)
    expect(await json(visitor, `${origin}/`)).toBeNull()
  })

  test('refuses the answer to a sign-in that began in another browser', async () => {
    if (!library) return
    const { origin } = library
    const mine = visitorOf(library)
    const { location } = await mine.get(`${origin}/sign-in`)
    const forged = `${origin}/callback?code=x&state=${new URL(location ?? '').searchParams.get('state')}`
    expect((await visitorOf(library).get(forged)).location).toBe(`${origin}/?failed`)
  })
})
