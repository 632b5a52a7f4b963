import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { userinfo } from '../protocol/protocol.ts'
import { query } from '../support/database.ts'
import { formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, finish, probe, submit } from './fault-tools.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

describe('a fault of our own', () => {
  test('R-181, R-180 in one request: a page with a reference that the log knows, nothing of the inside, and all others go on', async () => {
    const { pid, databaseUrl } = stage.service
    const email = 'broken@fabrikam.example'
    await stage.signIn('whole@fabrikam.example')
    const walk = await arrive(stage)
    const form = formWith(walk.page, 'identifier')
    if (!form) throw new Error(walk.page.words)
    await query(databaseUrl, 'alter table challenge rename to gone')

    const failing = Array.from({ length: 5 }, () => walk.visitor.submit(form, { identifier: email }))
    const [broken] = await Promise.all(failing)
    const others = await userinfo(stage.service, stage.relyingParty.last().tokens.access_token)
    expect([broken?.status, others.status]).toEqual([500, 200])
    expect(broken?.headers['cache-control']).toBe('no-store')
    expect(broken?.headers['content-security-policy']).toBeTruthy()
    expect(broken?.setCookies).toEqual([])
    expect(broken?.text).not.toMatch(/challenge|relation|42P01|select|\.ts|node_modules|:\d+:\d+/i)
    const reference = /DW-[\w-]+/.exec(broken?.words ?? '')?.[0] ?? 'no reference'
    const line = stage.service
      .output()
      .split('\n')
      .find((text) => text.includes(reference) && text.includes('a request failed'))
    expect(line).toContain('42P01')
    expect(await probe(stage.service.env.OPS_PORT as string, '/readyz')).toBe(200)

    await query(databaseUrl, 'alter table gone rename to challenge')
    const page = await submit(walk, 'identifier', { identifier: email })
    expect((await finish(stage, { ...walk, page }, email)).status).toBe(200)
    expect([stage.service.pid, stage.service.running]).toEqual([pid, true])
  })
})
