import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '../faults/fault-tools.ts'
import { EMAIL, json, type RunningLibrary, signInAt, signOutElsewhere, startLibrary, visitorOf, walkThrough } from './library.ts'

let library: RunningLibrary | null
beforeAll(async () => {
  library = await startLibrary({
    name: 'go-oidc',
    needs: [['go', 'version']],
    install: [['go', 'build', '-o', 'app', '.']],
    start: ['./app'],
  })
}, 180_000)
afterAll(() => library?.stop())

describe('a Go program with go-oidc', () => {
  test('signs somebody in, and signs out here and there', async () => {
    if (!library) return
    await walkThrough(library)
  })

  test('R-042 is told when the session ends elsewhere, and of no other session', async () => {
    if (!library) return
    const { origin } = library
    const [visitor, other] = [visitorOf(library), visitorOf(library)]
    for (const one of [visitor, other]) await signInAt(library, one, `${origin}/sign-in`)
    await signOutElsewhere(library, visitor)
    await until('it has heard of it', async () => (await json(visitor, `${origin}/`)) === null)
    expect(await json(other, `${origin}/`)).toMatchObject({ email: EMAIL })
  })

  test('refuses the answer to a sign-in that began in another browser', async () => {
    if (!library) return
    const { origin } = library
    const state = new URL((await visitorOf(library).get(`${origin}/sign-in`)).location ?? '').searchParams.get('state')
    expect((await visitorOf(library).get(`${origin}/callback?code=x&state=${state}`)).status).toBe(400)
  })
})
