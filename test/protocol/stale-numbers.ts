import { expect } from '@jest/globals'
import { query } from '../support/database.ts'
import type { Visitor } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { appOf, silently } from './protocol.ts'
import { anyStep, germanNumber, giveNumber, here, identify, type Standing, typeCode, withField } from './text-walk.ts'

const YEAR_SECONDS = 365 * 86_400

export interface Person {
  email: string
  number: string
  sub: string
}

/** People whose number was proven long ago, on this stage, and what they do. */
export function staleNumbers(stage: Stage) {
  let places = 0

  /** Somebody with an email address and a number that was proven a year ago. */
  async function stalePerson(name: string): Promise<Person> {
    const [email, number] = [`${name}@fabrikam.example`, germanNumber(10_001 * ++places)]
    await stage.signIn(email)
    await giveNumber(stage, email, number, YEAR_SECONDS)
    return { email, number, sub: stage.relyingParty.last().idToken.sub }
  }

  /** Proves the number by its text, and stands on the page that asks for an email address. */
  async function proveNumber({ number }: Pick<Person, 'number'>, visitor?: Visitor): Promise<Standing> {
    const walk = await identify(stage, number, visitor)
    const { code } = await stage.texts.sns.next(number)
    expect(await typeCode(walk, code)).toBe(false)
    const page = await here(walk)
    expect(page.page.words).toMatch(/email address/)
    return page
  }

  async function typeEmail(walk: Standing, email: string): Promise<Standing> {
    await walk.visitor.submit(withField(walk.page, 'identifier'), { identifier: email })
    return here(walk)
  }

  /** Types the code and goes on to the application; answers what it was told. */
  async function finish(walk: Standing, code: string | null) {
    const end = await walk.visitor.follow(await walk.visitor.submit(withField(walk.page, 'code'), { code: code ?? '' }))
    if (end.location === null) throw new Error(`the sign-in does not end: ${end.url} (${end.status}): ${end.words}`)
    expect((await walk.visitor.get(end.location)).status).toBe(200)
    return stage.relyingParty.last().idToken
  }

  /** Between two proofs nothing is open to this browser. */
  async function expectNoRights(walk: Standing): Promise<void> {
    const { visitor, home } = walk
    const silent = await silently(stage, appOf(stage), visitor, { prompt: 'none' })
    expect(silent?.searchParams.get('error')).toBe('login_required')
    expect(silent?.searchParams.get('code')).toBeNull()
    expect(await visitor.get(`${home}/continue`)).toMatchObject({ status: 303, location: home })
    expect(await anyStep(walk, 'continue')).toMatchObject({ status: 303, location: `${home}/continue` })
    expect(await anyStep(walk, 'switch?of=x')).toMatchObject({ status: 303, location: `${home}/continue` })
    const names = (visitor.jar.header(stage.service.issuer) ?? '').split('; ').map((cookie) => cookie.split('=')[0])
    expect(names.filter((name) => /session|known/.test(name ?? ''))).toEqual([])
  }

  const count = async (sql: string, values: readonly unknown[]) =>
    Number((await query<{ n: string }>(stage.service.databaseUrl, `select count(*) as n from ${sql}`, values))[0]?.n)

  const phoneOf = async (sub: string) =>
    (
      await query<{ canonical: string }>(
        stage.service.databaseUrl,
        `select canonical from address where account_id = $1 and kind = 'phone'`,
        [sub],
      )
    )[0]?.canonical

  return { stalePerson, proveNumber, typeEmail, finish, expectNoRights, count, phoneOf }
}
