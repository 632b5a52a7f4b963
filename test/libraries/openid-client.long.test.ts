import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { EMAIL, json, npm, type RunningLibrary, signInAt, startLibrary, visitorOf, walkThrough } from './library.ts'

let library: RunningLibrary | null
beforeAll(async () => {
  library = await startLibrary({ name: 'openid-client', ...npm('app.js'), registration: { second_factor: 'off' } })
}, 180_000)
afterAll(() => library?.stop())

describe('an application with openid-client', () => {
  test('signs somebody in, refreshes, and signs out here and there', async () => {
    if (!library) return
    await walkThrough(library)
  })

  test('tells why where somebody cannot give the second factor that it insists on, and they stay signed in', async () => {
    if (!library) return
    const { origin } = library
    const visitor = visitorOf(library)
    await signInAt(library, visitor, `${origin}/sign-in`)
    const answer = await signInAt(library, visitor, `${origin}/step-up`)
    expect([answer.status, JSON.parse(answer.text).error]).toEqual([400, 'unmet_authentication_requirements'])
    expect(await json(visitor, `${origin}/`)).toMatchObject({ email: EMAIL })
  })

  test('refuses the answer to a sign-in that began in another browser', async () => {
    if (!library) return
    const { origin } = library
    const state = new URL((await visitorOf(library).get(`${origin}/sign-in`)).location ?? '').searchParams.get('state')
    expect((await visitorOf(library).get(`${origin}/callback?code=x&state=${state}`)).status).toBe(400)
  })
})
