import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { isAccountPage, openAccount } from '../support/account.ts'
import { createVisitor } from '../support/person.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { afterFirst, tokenOf, typing } from './second-standing.ts'
import { addAuthenticator, essential } from './second-walk.ts'

const [BRONZE, SILVER, GOLD] = ['urn:example:bronze', 'urn:example:silver', 'urn:example:gold']

describe('levels by names of one’s own', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ env: { ACR_NAMES: `${BRONZE} ${SILVER} ${GOLD}`, PASSKEY_ORIGINS: 'https://shop.example' } })
  })
  afterAll(() => stage?.stop())

  test('R-069 are published, told, and insisted on', async () => {
    const discovery = await fetch(`${stage.service.issuer}/.well-known/openid-configuration`)
    expect(await discovery.json()).toMatchObject({ acr_values_supported: [BRONZE, SILVER, GOLD, 'phr'] })
    const email = 'named-levels@fabrikam.example'
    await stage.signIn(email)
    expect(stage.relyingParty.last().idToken).toMatchObject({ acr: BRONZE })
    const authenticator = await addAuthenticator(stage.service, email)
    const asking = (acr: string) => afterFirst(stage, email, { parameters: { prompt: 'login', claims: essential(acr) } })
    expect(await tokenOf(stage, await typing(await asking(GOLD), authenticator()))).toMatchObject({ acr: GOLD })
    await stage.moveClock(30) // each code counts once
    expect(await tokenOf(stage, await typing(await asking(SILVER), authenticator()))).toMatchObject({ acr: SILVER })
  })

  test('R-120 are what the account page insists on as well', async () => {
    const email = 'named-levels-own@fabrikam.example'
    await stage.signIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    const page = await openAccount(stage, createVisitor(stage.service), email, { authenticator, path: '/account/close' })
    expect([isAccountPage(page), new URL(page.url).pathname]).toEqual([true, '/account/close'])
  })

  test('R-141 the origins that passkeys are for stand at one spelling of their path', async () => {
    const { issuer } = stage.service
    const at = (path: string) => fetch(`${issuer}${path}`)
    const published = await at('/.well-known/webauthn')
    expect(published.headers.get('content-type')).toContain('application/json')
    expect(published.headers.get('cache-control')).toBe('public, max-age=300')
    expect(await published.json()).toEqual({ origins: [issuer, 'https://shop.example'] })
    for (const path of ['/.well-known/webauthn/', '/.well-known/WebAuthn', '//.well-known/webauthn']) {
      expect((await at(path)).status).toBe(404)
    }
  })
})
