import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { codeOf } from '../rooms/totp-support.ts'
import { csrfOf, openAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import type { Page } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { formOf, ledTo, pathOf, peopleOf } from './account-forms.ts'
import { addAuthenticator } from './second-walk.ts'

let stage: Stage
const { at, signedIn, ask, post, authenticatorOf } = peopleOf(() => stage)

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

describe('an authenticator', () => {
  const keyOn = (page: Page) => /(?:[A-Z2-7]{4} ){4,}[A-Z2-7]{2,4}/.exec(page.words)?.[0].replaceAll(' ', '') ?? ''
  const shown = (key: string) => codeOf(key, Math.floor(Date.now() / 1000) + stage.service.clockSeconds)

  test('R-107, R-116 is set up by its first code; then neither its key nor, once kept, the recovery codes are seen again', async () => {
    const person = await signedIn()
    const elsewhere = await signedIn(person.address)
    const before = person.visitor.jar.value(at('/account'), 'account')
    const page = await ask(person, '/account/authenticators/new')
    const key = keyOn(page)
    expect(key).toMatch(/^[A-Z2-7]{32,}$/)
    expect(keyOn(await ask(person, '/account/authenticators/new'))).toBe(key)
    const form = formOf(page, 'code')
    const wrong = await person.visitor.follow(await person.visitor.submit(form, { code: '12', name: 'Old phone' }))
    expect(pathOf(wrong)).toBe('/account/authenticators/new')
    expect(wrong.text).toContain('value="Old phone"')
    const added = await person.visitor.submit(form, { code: shown(key), name: 'New phone' })
    expect(added.location).toBe(at('/account/codes'))
    const codes = await ask(person, '/account/codes')
    const file = await ask(person, '/account/codes/download')
    expect(file.headers['content-disposition']).toContain('attachment')
    expect(file.headers['content-type']).toBe('text/plain; charset=utf-8')
    const list = file.text.trim().split('\r\n')
    expect(list).toHaveLength(10)
    for (const code of list) expect(codes.words).toContain(code)

    // A session that has not shown the authenticator is not strong enough from now on; the one that has goes on, as a new one.
    expect(ledTo(await ask(elsewhere, '/account/authenticators/new'))).toBe('/authorize')
    expect(person.visitor.jar.value(at('/account'), 'account')).not.toBe(before)
    expect(keyOn(await ask(person, '/account/authenticators/new'))).not.toBe(key)
    expect((await post(person, '/account/codes/kept')).status).toBe(403)
    const csrf = csrfOf(await ask(person, '/account/codes'))
    expect((await post({ ...person, csrf }, '/account/codes/kept')).location).toBe(at('/account/methods'))
    for (const path of ['/account/codes', '/account/codes/download']) {
      expect((await ask(person, path)).location).toBe(at('/account/methods'))
    }
    await stage.moveClock(60)
    const again = await openAccount(stage, person.visitor, person.address, {
      path: '/account/authenticators/new',
      authenticator: () => shown(key),
    })
    expect(keyOn(again)).toMatch(/^[A-Z2-7]{32,}$/)
    expect(keyOn(again)).not.toBe(key)
    expect((await ask(person, '/account/methods')).words).toContain('New phone')
  })

  test('R-109 goes after a question, is named anew without one, and leads to the other sessions', async () => {
    const { address } = await signedIn()
    const authenticator = await addAuthenticator(stage.service, address)
    const person = await signedIn(address, authenticator)
    await stage.moveClock(60)
    const id = await authenticatorOf(address)
    expect((await post(person, `/account/authenticators/${id}`, { name: 'Tablet' })).location).toBe(at('/account/methods'))
    expect((await ask(person, `/account/authenticators/${id}`)).words).toContain('Tablet')
    await openAccount(stage, person.visitor, address, { path: `/account/authenticators/${id}/remove`, authenticator })
    const { csrf } = { csrf: csrfOf(await ask(person, '/account')) }
    const removed = await post({ ...person, csrf }, `/account/authenticators/${id}/remove`)
    expect(removed.location).toBe(at('/account/devices'))
    expect((await ask(person, `/account/authenticators/${id}`)).location).toBe(at('/account/methods'))
  })
})

describe('an authenticator and a session that has not shown it', () => {
  test('R-109, R-120 it is neither removed, nor joined by another, nor are recovery codes made', async () => {
    const person = await signedIn()
    const authenticator = await addAuthenticator(stage.service, person.address)
    const id = await authenticatorOf(person.address)
    const paths = [`/account/authenticators/${id}/remove`, '/account/authenticators/new', '/account/codes/new', '/account/close']
    for (const path of paths) {
      for (const page of [await ask(person, path), await post(person, path)]) {
        const { searchParams, pathname } = new URL(page.location ?? '')
        expect(pathname).toBe('/authorize')
        expect(searchParams.get('claims')).toContain('urn:doorward:acr:2')
      }
    }
    expect(await countOf(person.address)).toEqual({ totp: 1 })
    await stage.moveClock(60)
    await openAccount(stage, person.visitor, person.address, { path: '/account/codes/new', authenticator })
    const csrf = csrfOf(await ask(person, '/account'))
    expect((await post({ ...person, csrf }, '/account/codes/new')).location).toBe(at('/account/codes'))
    expect(await countOf(person.address)).toEqual({ totp: 1, recovery: 10 })
  })
})

async function countOf(address: string): Promise<Record<string, number>> {
  const rows = await query<{ kind: string; count: number }>(
    stage.service.databaseUrl,
    `select kind, count(*)::int as count from credential
     where removed_at is null and account_id = (select account_id from address where canonical = $1) group by kind`,
    [address],
  )
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]))
}

describe('sessions', () => {
  test('R-135 the one that asks is named, others are ended one by one or together, and are out at their next request', async () => {
    const person = await signedIn()
    const [one, two, three] = [await signedIn(person.address), await signedIn(person.address), await signedIn(person.address)]
    const page = await ask(person, '/account/devices')
    const ends = page.forms.filter(({ action }) => action === at('/account/devices/end'))
    expect(ends).toHaveLength(3)
    const [first] = ends[0]?.buttons ?? []
    await person.visitor.submit(ends[0] as never, {}, first?.value)
    const states = await Promise.all([one, two, three].map(async (other) => (await ask(other, '/account')).status))
    expect(states.toSorted()).toEqual([200, 200, 303])
    const asked = await ask(person, '/account/devices/end-others')
    const answer = asked.forms.find(({ action }) => action === at('/account/devices/end-others'))
    expect((await person.visitor.submit(answer as never)).location).toBe(at('/account/devices'))
    for (const other of [one, two, three]) expect(ledTo(await ask(other, '/account'))).toBe('/authorize')
    expect((await ask(person, '/account')).status).toBe(200)
    expect((await ask(person, '/account/devices/end-others')).location).toBe(at('/account/devices'))
  })
})
