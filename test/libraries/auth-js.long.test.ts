import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Visitor } from '../support/person.ts'
import { EMAIL, json, npm, type RunningLibrary, signInAt, signOutAt, startLibrary, untilRefreshed, visitorOf } from './library.ts'

let library: RunningLibrary | null
beforeAll(async () => {
  library = await startLibrary({ name: 'auth-js', ...npm('app.js') })
}, 180_000)
afterAll(() => library?.stop())

/** What the forms of Auth.js send along. */
async function csrfToken({ origin }: RunningLibrary, visitor: Visitor): Promise<string> {
  return String((await json(visitor, `${origin}/auth/csrf`))?.csrfToken)
}

/** As the button of its own sign-in page does. */
async function enter(running: RunningLibrary, visitor: Visitor): Promise<Record<string, unknown>> {
  const fields = { csrfToken: await csrfToken(running, visitor), callbackUrl: `${running.origin}/auth/session` }
  const begun = await visitor.post(`${running.origin}/auth/signin/doorward`, fields)
  return JSON.parse((await signInAt(running, visitor, begun)).text).user
}

describe('an application with Auth.js', () => {
  test('signs somebody in, and knows them by the same sub each time', async () => {
    if (!library) return
    const user = await enter(library, visitorOf(library))
    expect(user).toEqual({ sub: expect.stringMatching(/^[\w-]{22}$/), email: EMAIL, acr: 'urn:doorward:acr:1' })
    expect((await enter(library, visitorOf(library))).sub).toBe(user.sub)
  })

  test('refreshes once for requests that come at the same time, then again', async () => {
    if (!library) return
    const running = library
    const visitor = visitorOf(running)
    await enter(running, visitor)
    const token = await csrfToken(running, visitor)
    const update = () => visitor.post(`${running.origin}/auth/session`, { csrfToken: token })
    for (const answer of await Promise.all([update(), update(), update()])) expect(answer.text).toContain(EMAIL)
    await untilRefreshed(running, 1)
    await update()
    await untilRefreshed(running, 2)
    expect(await json(visitor, `${running.origin}/auth/session`)).toMatchObject({ user: { email: EMAIL } })
  })

  test('signs out here and there', async () => {
    if (!library) return
    const visitor = visitorOf(library)
    await enter(library, visitor)
    const end = await signOutAt(library, visitor, await visitor.post(`${library.origin}/sign-out`, {}))
    expect(end.url).toBe(`${library.origin}/`)
    expect(await json(visitor, `${library.origin}/auth/session`)).toBeNull()
  })
})
