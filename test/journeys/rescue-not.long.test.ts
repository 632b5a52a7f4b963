import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { membersOf } from '../protocol/account-person.ts'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { rescueWalk, WAIT_SECONDS, WINDOW_SECONDS } from './rescue-walk.ts'

let stage: Stage
let walk: ReturnType<typeof rescueWalk>

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  walk = rescueWalk(stage)
})
afterAll(() => stage.stop())

describe('what a rescue is not', () => {
  test('R-085 before a proof there is nothing: its page and its forms lead to the first page', async () => {
    const visitor = createVisitor(stage.service)
    const door = await visitor.open(await stage.authorizeUrl(visitor))
    const page = await walk.rescuePage(visitor, door)
    expect(page.words).toBe(door.words)
    const { csrf = '' } = door.forms[0]?.values ?? {}
    for (const step of ['begin', 'prove', 'stop', 'set-up']) {
      const answer = await visitor.post(`${door.url}/rescue/${step}`, { csrf, email: 'lost@fabrikam.example' })
      expect([step, answer.status, answer.location]).toEqual([step, 303, door.url])
    }
  })

  test('V-25 whoever has a mailbox by now that messages came back from neither sees a rescue nor stops one', async () => {
    const email = 'recycled@fabrikam.example'
    await walk.member(email)
    await walk.begin(email)
    await query(stage.service.databaseUrl, 'update address set dead_since = now() where canonical = $1', [email])
    const stranger = createVisitor(stage.service)
    const page = await walk.firstProof(email, stranger)
    expect(page.words).not.toContain('rescue of this account')
    expect((await walk.rescuePage(stranger, page)).words).toBe(page.words)
    const { csrf = '' } = page.forms.find(({ values }) => values.csrf)?.values ?? {}
    const answer = await stranger.post(`${page.url}/rescue/stop`, { csrf })
    expect([answer.status, answer.location, await walk.statesOf(email)]).toEqual([303, page.url, ['waiting']])
  })

  test('R-119 fields that name another account change nothing', async () => {
    const [email, other] = ['steered@fabrikam.example', 'other-one@fabrikam.example']
    await walk.member(email)
    await walk.member(other)
    const visitor = createVisitor(stage.service)
    const page = await walk.rescuePage(visitor, await walk.firstProof(email, visitor))
    await walk.press(visitor, page, '/rescue/begin', {
      email: other,
      identifier: other,
      accountId: (await membersOf(stage).accountOf(other)) ?? '',
    })
    expect([await walk.statesOf(email), await walk.statesOf(other)]).toEqual([['waiting'], []])
  })

  test('after its time nothing opens, and another one may begin', async () => {
    const email = 'too-late@fabrikam.example'
    await walk.member(email)
    await walk.begin(email)
    await stage.moveClock(WAIT_SECONDS + WINDOW_SECONDS)
    const visitor = createVisitor(stage.service)
    const page = await walk.firstProof(email, visitor)
    expect(page.words).toContain('Type the code from your app')
    expect((await walk.begin(email)).words).toContain('Your account rescue has started')
  })
})
