import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '../faults/fault-tools.ts'
import {
  EMAIL,
  json,
  npm,
  type RunningLibrary,
  signInAt,
  signOutAt,
  signOutElsewhere,
  startLibrary,
  untilRefreshed,
  visitorOf,
} from './library.ts'

let library: RunningLibrary | null
beforeAll(async () => {
  library = await startLibrary({ name: 'express-openid-connect', ...npm('app.js') })
}, 180_000)
afterAll(() => library?.stop())

describe('an application with express-openid-connect', () => {
  test('signs somebody in, and signs out here and there', async () => {
    if (!library) return
    const { origin } = library
    const visitor = visitorOf(library)
    const page = await signInAt(library, visitor, `${origin}/login`)
    const person = { sub: expect.stringMatching(/^[\w-]{22}$/), email: EMAIL }
    expect(JSON.parse(page.text)).toMatchObject(person)
    expect(await json(visitor, `${origin}/userinfo`)).toMatchObject(person)
    await visitor.post(`${origin}/refresh`, {})
    await untilRefreshed(library, 1)
    expect(await json(visitor, `${origin}/userinfo`)).toMatchObject(person)
    const end = await signOutAt(library, visitor, await visitor.get(`${origin}/logout`))
    expect(end.url).toBe(`${origin}/`)
    expect(await json(visitor, `${origin}/`)).toBeNull()
  })

  test('R-042 is told when the session ends elsewhere, and knows a new one of the same person from it', async () => {
    if (!library) return
    const { origin } = library
    const [visitor, other] = [visitorOf(library), visitorOf(library)]
    for (const one of [visitor, other]) await signInAt(library, one, `${origin}/login`)
    await signOutElsewhere(library, visitor)
    await until('it has heard of it', async () => (await json(visitor, `${origin}/`)) === null)
    expect(await json(other, `${origin}/`)).toMatchObject({ email: EMAIL })
    await signInAt(library, visitor, `${origin}/login`)
    expect(await json(visitor, `${origin}/`)).toMatchObject({ email: EMAIL })
  })

  test('keeps the vault shut where nobody has an authenticator', async () => {
    if (!library) return
    const { origin } = library
    const visitor = visitorOf(library)
    const page = await signInAt(library, visitor, `${origin}/step-up`)
    expect([page.url, page.status]).toEqual([`${origin}/vault`, 403])
  })
})
