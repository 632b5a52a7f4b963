import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createSecrets } from '../../src/base/index.ts'
import { accountClientSecret } from '../../src/clients/index.ts'
import { isAccountPage, openAccount } from '../support/account.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { redeem } from './protocol.ts'

const WRONG_SECRETS = 20

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS.replace(/token-ip:\d+/, `token-ip:${WRONG_SECRETS}`) } })
})
afterAll(() => stage?.stop())

describe('R-150 wrong secrets of the account page’s client from this machine', () => {
  async function status(secret: string): Promise<number> {
    const page = { id: 'account', secret, redirectUri: `${stage.service.issuer}/account/callback` }
    return (await redeem(stage.service, page, { code: 'x', verifier: 'x'.repeat(43) })).status
  }

  test('R-150 are refused after so many, and keep nobody from the page', async () => {
    const statuses: number[] = []
    for (let count = 0; count <= WRONG_SECRETS; count++) statuses.push(await status('wrong'))
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
    const right = accountClientSecret(createSecrets([stage.service.env.SECRETS ?? '']))
    expect(await status(right)).toBe(400) // invalid_grant: the client is known
    expect(await status('wrong')).toBe(429)
    const visitor = createVisitor(stage.service)
    expect(isAccountPage(await openAccount(stage, visitor, 'not-locked-out@fabrikam.example'))).toBe(true)
  })
})
