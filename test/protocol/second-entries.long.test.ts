import { afterAll, beforeAll, describe, test } from '@jest/globals'
import type { Stage } from '../support/stage.ts'
import { asksForAuthenticator, asksWhereRequired, entries, policiesStage, setsUpWhereRequired } from './second-doors.ts'

let stage: Stage
beforeAll(async () => {
  stage = await policiesStage()
})
afterAll(() => stage?.stop())

describe.each(Object.keys(entries))('by %s', (name) => {
  test('R-101 nobody needs a second proof but where it is required; then another channel of theirs will do', () =>
    asksWhereRequired(name))
  test('R-101 whoever has an authenticator is asked for it, whatever the policy, and nothing else will do', () =>
    asksForAuthenticator(name))
})

test.each(Object.keys(entries).filter((name) => !name.includes('a text')))(
  'R-101 by %s: where a second proof is required, and there is none, one is set up',
  setsUpWhereRequired,
)
