import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { formOf, ledTo, pathOf, peopleOf, refsIn } from './account-forms.ts'

let stage: Stage
const { at, signedIn, ask, post, rowsOf, addAddress } = peopleOf(() => stage)

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

describe('addresses', () => {
  test('a new one counts once its code was typed; a wrong code says so', async () => {
    const person = await signedIn()
    const added = 'second-address@fabrikam.example'
    const page = await ask(person, '/account/addresses/new?kind=email')
    await person.visitor.submit(formOf(page, 'address'), { address: added })
    const { code } = await stage.mailbox.next(added)
    const wrong = await post(person, '/account/addresses/prove', { code: code === '000000' ? '000001' : '000000' })
    const told = await person.visitor.follow(wrong)
    expect(pathOf(told)).toBe('/account/addresses/prove')
    expect(formWith(told, 'code')).toBeDefined()
    expect(await rowsOf(person.address)).toHaveLength(1)
    const done = await person.visitor.follow(await post(person, '/account/addresses/prove', { code: code ?? '' }))
    expect(pathOf(done)).toBe('/account/methods')
    expect(done.words).toContain(added)
    expect(await rowsOf(person.address)).toHaveLength(2)
    expect((await stage.mailbox.nextNotice(person.address)).objection).toMatch(/\/account\/notice\//)
  })

  test('R-067, R-119 what an address is proven for is said before its code is sent, and by no later form', async () => {
    const person = await signedIn()
    const [ref] = refsIn(await ask(person, '/account/methods'))
    const added = 'only-added@fabrikam.example'
    const page = await ask(person, '/account/addresses/new?kind=email')
    await person.visitor.submit(formOf(page, 'address'), { address: added })
    const { code } = await stage.mailbox.next(added)
    const steered = {
      ref: ref ?? '',
      replaces: ref ?? '',
      address: 'other@evil.example',
      kind: 'phone',
      to: 'https://evil.example',
    }
    const done = await person.visitor.post(at(`/account/addresses/prove?${new URLSearchParams(steered)}`), {
      csrf: person.csrf,
      code: code ?? '',
      ...steered,
    })
    expect(done.location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toEqual([
      { canonical: person.address, leaving: false, primary: true },
      { canonical: added, leaving: false, primary: false },
    ])
  })

  test('R-119 a code proves nothing for what another session was asked, nor without the note of its own', async () => {
    const person = await signedIn()
    const address = 'without-note@fabrikam.example'
    const page = await ask(person, '/account/addresses/new?kind=email')
    await person.visitor.submit(formOf(page, 'address'), { address })
    const { code } = await stage.mailbox.next(address)
    const elsewhere = await signedIn(person.address)
    expect((await post(elsewhere, '/account/addresses/prove', { code: code ?? '' })).location).toBe(at('/account/methods'))
    person.visitor.jar.keep(at('/'), ['account-address=forged; Path=/'])
    expect((await post(person, '/account/addresses/prove', { code: code ?? '' })).location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toHaveLength(1)
  })

  test('R-119 the note of one address, or of one session, serves no other', async () => {
    const person = await signedIn()
    const [ref] = refsIn(await ask(person, '/account/methods'))
    const [first, second] = ['first-note@fabrikam.example', 'second-note@fabrikam.example']
    await post(person, '/account/addresses/new?kind=email', { address: first })
    const ofFirst = person.visitor.jar.value(at('/account'), 'account-address')
    await post(person, `/account/addresses/${ref}/change`, { address: second })
    const ofSecond = person.visitor.jar.value(at('/account'), 'account-address')
    const { code } = await stage.mailbox.next(second)
    person.visitor.jar.keep(at('/'), [`account-address=${ofFirst}; Path=/`])
    expect((await post(person, '/account/addresses/prove', { code: code ?? '' })).location).toBe(at('/account/methods'))

    const elsewhere = await signedIn(person.address)
    await post(elsewhere, '/account/addresses/new?kind=email', { address: second })
    const again = await stage.mailbox.next(second)
    elsewhere.visitor.jar.keep(at('/'), [`account-address=${ofSecond}; Path=/`])
    const sent = await post(elsewhere, '/account/addresses/prove', { code: again.code ?? '' })
    expect(sent.location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toEqual([{ canonical: person.address, leaving: false, primary: true }])
  })

  test('R-088 a change waits: the old address opens the account until then, and can be kept', async () => {
    const person = await signedIn()
    const [ref] = refsIn(await ask(person, '/account/methods'))
    const added = 'changed-to@fabrikam.example'
    expect((await ask(person, `/account/addresses/${ref}/change`)).words).toContain(person.address)
    await post(person, `/account/addresses/${ref}/change`, { address: added })
    const { code } = await stage.mailbox.next(added)
    const done = await person.visitor.follow(await post(person, '/account/addresses/prove', { code: code ?? '' }))
    expect(pathOf(done)).toBe('/account/methods')
    expect(await rowsOf(person.address)).toContainEqual({ canonical: person.address, leaving: true, primary: true })
    await signedIn(person.address)
    const keep = done.forms.find(({ action }) => action.endsWith(`${ref}/keep`))
    expect((await person.visitor.submit(keep as never)).location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toEqual([{ canonical: person.address, leaving: false, primary: true }])
  })

  test('a code is sent once more when that is due, and none is asked for after "cancel"', async () => {
    const person = await signedIn()
    const added = 'never-mind@fabrikam.example'
    await post(person, '/account/addresses/new?kind=email', { address: added })
    const { code } = await stage.mailbox.next(added)
    expect((await post(person, '/account/addresses/prove/resend')).location).toBe(at('/account/addresses/prove'))
    await stage.moveClock(61)
    await post(person, '/account/addresses/prove/resend')
    expect((await stage.mailbox.next(added)).code).toBe(code)
    expect((await post(person, '/account/addresses/prove/cancel')).location).toBe(at('/account/methods'))
    expect((await ask(person, '/account/addresses/prove')).location).toBe(at('/account/methods'))
    expect((await post(person, '/account/addresses/prove', { code: code ?? '' })).location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toHaveLength(1)
  })

  test('F-25 one that is somebody else’s is told to whoever has proven it, and to nobody before', async () => {
    const [owner, person] = [await signedIn(), await signedIn()]
    const told = await person.visitor.follow(await addAddress(person, owner.address))
    expect(pathOf(told)).toBe('/account/addresses/prove')
    expect(formWith(told, 'code')).toBeUndefined()
    expect(await rowsOf(person.address)).toHaveLength(1)
    expect(await rowsOf(owner.address)).toHaveLength(1)
  })

  test.each(['', 'nothing', 'a@b@c.example', 'x'.repeat(300)])(
    'what is no address (%j) is said at the field',
    async (address) => {
      const person = await signedIn()
      const page = await ask(person, '/account/addresses/new?kind=email')
      const said = await person.visitor.follow(await person.visitor.submit(formOf(page, 'address'), { address }))
      expect(pathOf(said)).toBe('/account/addresses/new')
      expect(said.text).toMatch(/aria-invalid="true"/)
    },
  )

  test('one’s own is not sent a code', async () => {
    const person = await signedIn()
    const page = await ask(person, '/account/addresses/new?kind=email')
    const sent = await person.visitor.submit(formOf(page, 'address'), { address: person.address.toUpperCase() })
    expect(ledTo(sent)).toBe('/account/addresses/new')
  })

  test('R-094 the last one cannot be removed, by its link or by its form', async () => {
    const person = await signedIn()
    const [ref] = refsIn(await ask(person, '/account/methods'))
    expect((await ask(person, `/account/addresses/${ref}/remove`)).location).toBe(at('/account/methods'))
    expect((await post(person, `/account/addresses/${ref}/remove`)).location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toEqual([{ canonical: person.address, leaving: false, primary: true }])
  })

  test('R-088, R-109 a removal waits, can be stopped, and offers to end the other sessions', async () => {
    const person = await signedIn()
    await addAddress(person, 'removed@fabrikam.example')
    const methods = await ask(person, '/account/methods')
    const path = /\/account\/addresses\/[\w-]{22}\/remove/.exec(methods.text.slice(methods.text.indexOf('removed@')))?.[0] ?? ''
    const asked = await ask(person, path)
    expect(asked.words).toContain('removed@fabrikam.example')
    const done = await post(person, path)
    expect(done.location).toBe(at('/account/devices'))
    expect(await rowsOf(person.address)).toContainEqual({ canonical: 'removed@fabrikam.example', leaving: true, primary: false })
    const kept = await post(person, path.replace('/remove', '/keep'))
    expect(kept.location).toBe(at('/account/methods'))
    expect((await rowsOf(person.address)).some(({ leaving }) => leaving)).toBe(false)
  })
})

describe('the profile', () => {
  test('R-089 takes what people say of themselves; nothing that is proven can be typed', async () => {
    const person = await signedIn()
    const fields = { name: 'María Álvarez', email: 'evil@evil.example', email_verified: 'true', sub: 'other', updatedAt: 'x' }
    expect((await post(person, '/account/profile', fields)).location).toBe(at('/account/profile'))
    const page = await ask(person, '/account/profile')
    expect(page.text).toContain('value="María Álvarez"')
    const [row] = await query<{ profile: object }>(
      stage.service.databaseUrl,
      'select profile from account where id = (select account_id from address where canonical = $1)',
      [person.address],
    )
    expect(Object.keys(row?.profile ?? {})).not.toEqual(expect.arrayContaining(['email', 'email_verified', 'sub']))
    expect(await rowsOf(person.address)).toHaveLength(1)
  })

  test('what cannot be so is said at its field, and nothing that was typed is lost', async () => {
    const person = await signedIn()
    const fields = { name: 'Otto', website: 'javascript:alert(1)', zoneinfo: 'Europe/Berlin' }
    const page = await person.visitor.follow(await post(person, '/account/profile', fields))
    expect(page.text).toMatch(/name="website"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*name="website"/)
    expect(page.text).toContain('value="Otto"')
    expect((await ask(person, '/account/profile')).text).not.toContain('Otto')
  })
})

describe('the end of an account', () => {
  test('is asked for, shown on every page, and taken back', async () => {
    const person = await signedIn()
    expect((await ask(person, '/account/close')).words).toContain(person.address)
    expect((await post(person, '/account/close')).location).toBe(at('/account'))
    const page = await ask(person, '/account/methods')
    const keep = page.forms.find(({ action }) => action === at('/account/keep'))
    expect(keep).toBeDefined()
    expect((await ask(person, '/account/close')).location).toBe(at('/account/data'))
    await person.visitor.submit(keep as never)
    expect((await ask(person, '/account')).forms.some(({ action }) => action === at('/account/keep'))).toBe(false)
  })
})
