import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '../faults/fault-tools.ts'
import { formWith } from '../support/person.ts'
import {
  EMAIL,
  json,
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
  library = await startLibrary({
    name: 'spring-security',
    needs: [['java', '-version']],
    install: [['mvn', '-q', '-B', 'package']],
    start: ({ ORIGIN = '' }) => ['java', `-DPORT=${new URL(ORIGIN).port}`, '-jar', 'target/example-spring-security-1.jar'],
    // So short that it refreshes at every use.
    registration: { access_token_ttl: '30s' },
  })
}, 300_000)
afterAll(() => library?.stop())

describe('an application with Spring Security', () => {
  test('signs somebody in, refreshes by itself, and signs out here and there', async () => {
    if (!library) return
    const { origin } = library
    const visitor = visitorOf(library)
    const page = await signInAt(library, visitor, `${origin}/me`)
    expect(JSON.parse(page.text)).toEqual({ sub: expect.stringMatching(/^[\w-]{22}$/), email: EMAIL })
    for (const count of [1, 2]) {
      expect(await json(visitor, `${origin}/token`)).toMatchObject({ expires: expect.any(String) })
      await untilRefreshed(library, count)
    }
    const home = await visitor.get(`${origin}/`)
    const form = formWith(home, '_csrf')
    if (!form) throw new Error(home.text)
    const end = await signOutAt(library, visitor, await visitor.submit(form))
    expect([end.url, end.status]).toEqual([`${origin}/`, 200])
    expect((await visitor.get(`${origin}/me`)).status).toBe(302)
  })

  test('R-042 is told when the session ends elsewhere, and of no other session', async () => {
    if (!library) return
    const { origin } = library
    const [visitor, other] = [visitorOf(library), visitorOf(library)]
    for (const one of [visitor, other]) await signInAt(library, one, `${origin}/me`)
    await signOutElsewhere(library, visitor)
    await until('it has heard of it', async () => (await visitor.get(`${origin}/me`)).status === 302)
    expect(await json(other, `${origin}/me`)).toMatchObject({ email: EMAIL })
  })
})
