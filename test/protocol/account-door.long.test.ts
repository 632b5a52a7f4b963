import { describe, expect, test } from '@jest/globals'
import { csrfOf, openAccount } from '../support/account.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { person } from './account-walk.ts'

describe('two instances', () => {
  test('one begins and the other ends it; what one ends is gone at the other', async () => {
    const pair = await startPairStage({ env: { LIMITS: GENEROUS_LIMITS } })
    try {
      const { service, second } = pair
      const visitor = createVisitor(service)
      await openAccount(pair, visitor, person('pair'))
      const there = createVisitor(second)
      const all = visitor.jar.all().map(({ name, value, path }) => `${name}=${value}; Path=${path}`)
      there.jar.keep(`${service.issuer}/`, all)
      expect((await there.get(`${service.issuer}/account`)).status).toBe(200)
      // Asked for by the one, redeemed by the other.
      const begun = await visitor.get(`${service.issuer}/account/sign-in`)
      const answer = await visitor.get(begun.location ?? '')
      there.jar.keep(
        `${service.issuer}/`,
        visitor.jar.all().map(({ name, value, path }) => `${name}=${value}; Path=${path}`),
      )
      const page = await there.open(answer.location ?? '')
      expect({ status: page.status, url: page.url }).toEqual({ status: 200, url: `${service.issuer}/account` })
      await there.post(`${service.issuer}/account/sign-out`, { csrf: csrfOf(page) })
      const left = there.jar.value(`${service.issuer}/account`, 'account')
      expect(left).toBeUndefined()
      expect((await visitor.get(`${service.issuer}/account`)).status).toBe(303)
    } finally {
      await pair.stop()
    }
  })
})
