import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { shownBy } from '../protocol/account-person.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { waitOver } from '../support/rescue-look.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { formTo, hasFormTo, rescueWalk, WAIT_SECONDS } from './rescue-walk.ts'

let stage: Stage
let walk: ReturnType<typeof rescueWalk>
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  walk = rescueWalk(stage)
})
afterAll(() => stage.stop())

describe('somebody who lost their second proof', () => {
  test('R-118 waits, is told, sets up another one and is in; before the end of the wait nothing opens', async () => {
    const email = 'lost@fabrikam.example'
    const lost = await walk.member(email)
    const visitor = createVisitor(stage.service)
    const started = await walk.begin(email, visitor)
    expect(started.words).toContain('Your account rescue has started')
    const told = await stage.mailbox.nextNotice(email)
    expect(told.objection).toMatch(/\/account\/notice\//)

    await stage.moveClock(WAIT_SECONDS - 60)
    const early = createVisitor(stage.service)
    const waits = await walk.firstProof(email, early)
    expect(waits.words).toContain('A rescue of this account has started')
    expect(hasFormTo(await walk.rescuePage(early, waits), '/rescue/set-up')).toBe(false)
    const forced = formTo(waits, '/rescue/stop')
    await early.post(forced.action.replace(/stop$/, 'set-up'), forced.values)
    expect((await early.open(waits.url)).words).toContain('Type the code from your app')

    await waitOver(stage, 60)
    const back = createVisitor(stage.service)
    const ready = await walk.firstProof(email, back)
    expect(ready.words).toContain('Your wait is over')
    const enrol = await walk.press(back, ready, '/rescue/set-up')
    const key = await walk.press(back, enrol, '/enrol')
    const shows = shownBy(key, stage.service)
    const codes = await back.follow(await back.submit(formTo(key, '/enrol-code'), { code: shows(), name: 'New phone' }))
    const end = await back.follow(await back.submit(formTo(codes, '/keep-codes'), { kept: 'yes' }))
    expect((await back.get(end.location ?? '')).status).toBe(200)
    expect(await walk.statesOf(email)).toEqual(['completed'])

    // What was lost opens nothing any more.
    await stage.moveClock(60)
    const thief = createVisitor(stage.service)
    const asked = await walk.firstProof(email, thief)
    const wrong = await thief.follow(await thief.submit(formTo(asked, '/factor'), { code: lost() }))
    expect(wrong.words).toContain('That code is not right')
    const right = await thief.follow(await thief.submit(formTo(wrong, '/factor'), { code: shows() }))
    expect(right.location).toContain('/callback?')
  })

  test('R-119 stops it by the link in the mail, which changes nothing when it is only opened', async () => {
    const email = 'stops@fabrikam.example'
    await walk.member(email)
    await walk.begin(email)
    const { objection } = await stage.mailbox.nextNotice(email)
    const anywhere = createVisitor(stage.service)
    await anywhere.get(objection ?? '')
    const page = await anywhere.get(objection ?? '')
    expect(await walk.statesOf(email)).toEqual(['waiting'])
    expect(page.words).toContain('Was it you?')
    const done = await anywhere.follow(await anywhere.submit(formTo(page, '/stop')))
    expect(done.words).toContain('The rescue is stopped')
    expect(await walk.statesOf(email)).toEqual(['cancelled'])
    expect((await anywhere.get(objection ?? '')).status).toBe(410)
    expect(formWith(await walk.firstProof(email), 'code')).toBeDefined()
  })
})
