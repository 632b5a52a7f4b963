import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { createSoftwarePasskey } from '../support/software-passkey.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ALWAYS, METHODS, passkeysOf } from './account-passkey-walk.ts'
import { pathOf } from './account-person.ts'
import { isAsked, person } from './account-walk.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, PASSKEY_ORIGINS: 'https://shop.example' } })
})
afterAll(() => stage.stop())

test('R-109, R-112 are made by a fresh proof, once, for one account; named, and taken away with notice', async () => {
  const on = passkeysOf(stage)
  const [ada, bob] = [await on.member(person('ada')), await on.member(person('bob'))]
  const passkey = createSoftwarePasskey()
  const options = await on.optionsFor(ada)
  // what one session asked for is none for another, also of the same person, and counts once.
  const elsewhere = await on.member(ada.address)
  for (const other of [bob, elsewhere])
    expect(await on.make(other, createSoftwarePasskey(), options)).toBe('/account/passkeys/new')
  expect(await on.make(ada, passkey, options)).toBe(METHODS)
  expect(await on.make(ada, createSoftwarePasskey(), options)).toBe('/account/passkeys/new')
  expect(await on.make(bob, createSoftwarePasskey({ id: passkey.id }))).toBe('/account/passkeys/new')
  expect((await on.open(bob, '/account/passkeys/new')).words).toContain('in use already')
  expect(await on.idsOf(bob.address)).toEqual([])

  const page = await on.open(ada, METHODS)
  expect(page.words).toMatch(/Firefox on Linux.*synced, works on your other devices/)
  const [id = ''] = await on.idsOf(ada.address)
  await on.post(ada, `/account/passkeys/${id}`, { name: 'Key ring' })
  expect((await on.open(ada, METHODS)).words).toContain('Key ring')
  expect(pathOf(await on.post(bob, `/account/passkeys/${id}/remove`))).toBe(METHODS)
  expect(await on.idsOf(ada.address)).toEqual([id])
  expect(pathOf(await on.post(ada, `/account/passkeys/${id}/remove`))).toBe('/account/devices')
  expect(await on.toldOf(ada.address)).toEqual(['device_new', 'passkey_added', 'passkey_removed'])
  expect(await on.objectTo(ada.address, 'passkey_removed')).toBe('/account/notice-done')
  expect(await on.idsOf(ada.address)).toEqual([id])

  await stage.moveClock(11 * 60)
  expect(isAsked(await on.open(bob, '/account/passkeys/new'))).toBe(true)
  expect(isAsked(await on.open(bob, ALWAYS))).toBe(true)
})

test('R-069, R-141 discovery has phr, and related origins stand at one spelling of their path', async () => {
  const { issuer } = stage.service
  const at = (path: string) => fetch(`${issuer}${path}`)
  expect(
    ((await (await at('/.well-known/openid-configuration')).json()) as { acr_values_supported: string[] }).acr_values_supported,
  ).toEqual(['urn:doorward:acr:1', 'urn:doorward:acr:2', 'urn:doorward:acr:3', 'phr'])
  const published = await at('/.well-known/webauthn')
  expect(published.headers.get('content-type')).toContain('application/json')
  expect(published.headers.get('cache-control')).toBe('public, max-age=300')
  expect(await published.json()).toEqual({ origins: [issuer, 'https://shop.example'] })
  for (const path of ['/.well-known/webauthn/', '/.well-known/WebAuthn', '//.well-known/webauthn']) {
    expect((await at(path)).status).toBe(404)
  }
})
