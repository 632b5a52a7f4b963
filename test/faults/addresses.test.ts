import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, ask, finish, submit } from './fault-tools.ts'

let stage: Stage
let members: Stage

beforeAll(async () => {
  ;[stage, members] = await Promise.all([
    startStage({ env: { LIMITS: GENEROUS_LIMITS } }),
    startStage({ env: { LIMITS: GENEROUS_LIMITS, SIGNUP: 'domains:corp.test,bücher.test' } }),
  ])
})
afterAll(() => Promise.all([stage.stop(), members.stop()]))

const rows = async (sql: string, values: unknown[] = []) => query<Record<string, unknown>>(stage.service.databaseUrl, sql, values)

describe('what is typed as an address', () => {
  test('R-080 lists, names, quotes, comments, control characters and overlong ones are refused; the sign-in goes on', async () => {
    const walk = await arrive(stage)
    const before = stage.mailbox.seen.length
    const [first] = await rows('select count(*) n from attempt')
    const bad = [
      'a@x.test,b@y.test',
      'a@x.test b@y.test',
      'a@x.test;b@y.test',
      'group: a@x.test;',
      'Maria <maria@x.test>',
      '<maria@x.test>',
      '"b@y.test x"@x.test',
      '"maria"@x.test',
      'maria(comment)@x.test',
      'maria@x.test\r\nBcc: b@y.test',
      'maria@x.test\nb@y.test',
      'maria\u0000@x.test',
      'maria\u0007@x.test',
      'maria\u202e@x.test',
      'ma\u200bria@x.test',
      `maria@${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.${'w'.repeat(61)}.test`, // 255 bytes
      `${'m'.repeat(65)}@x.test`,
      'maria@x@y.test',
      'maria@[127.0.0.1]',
      'maria@localhost',
      'maria@x..test',
      '.maria@x.test',
      '@x.test',
      'maria@',
      '',
      ' ',
    ]
    for (const identifier of bad) {
      walk.page = await submit(walk, 'identifier', { identifier })
      expect([identifier, walk.page.status, walk.page.words]).toEqual([identifier, 200, expect.stringMatching(/email/i)])
      expect([identifier, walk.page.forms.some(({ fields }) => fields.includes('identifier'))]).toEqual([identifier, true])
    }
    expect(await rows('select count(*) n from attempt')).toEqual([first])
    expect(stage.mailbox.seen.length).toBe(before)
    walk.page = await submit(walk, 'identifier', { identifier: 'good@x.test' })
    expect((await finish(stage, walk, 'good@x.test')).status).toBe(200)
  })

  test('R-081 spellings of one address reach one account', async () => {
    const subs = new Set<string>()
    for (const spelling of ['Spelled@EXAMPLE.test', 'spelled@example.test', '  SPELLED@Example.TEST ']) {
      const walk = await ask(stage, spelling)
      expect((await finish(stage, walk, 'spelled@example.test')).status).toBe(200)
      subs.add(stage.relyingParty.last().idToken.sub)
    }
    expect(subs.size).toBe(1)
    for (const spelling of ['ü@example.test', 'u\u0308@example.test', 'Ü@EXAMPLE.test']) {
      await ask(stage, spelling)
    }
    const targets = await rows(
      `select distinct target from challenge where target like '%@example.test' and target not like 'spelled%'`,
    )
    expect(targets).toEqual([{ target: 'ü@example.test' }])
  })

  test('R-082 letters that fold to ASCII never reach the ASCII account', async () => {
    await stage.signIn('kimi.admin@victim.test')
    const before = stage.mailbox.count('kimi.admin@victim.test')
    const walk = await arrive(stage)
    const lookalikes = [
      '\u212Aimi.admin@victim.test', // Kelvin sign
      'kımi.admin@victim.test', // dotless i
      'KİMİ.admin@victim.test', // dotted capital I
      'kimi.admin＠victim.test', // full-width @
      'ｋimi.admin@victim.test',
      'kimi.admin@ｖictim.test',
      'kimi.admin@victim。test', // ideographic full stop
      'kimi.admin@vıctim.test',
      'kimi.\u017Fadmin@victim.test', // long s
    ]
    for (const identifier of lookalikes) {
      walk.page = await submit(walk, 'identifier', { identifier })
      expect([identifier, walk.page.forms.some(({ fields }) => fields.includes('identifier'))]).toEqual([identifier, true])
    }
    expect(stage.mailbox.count('kimi.admin@victim.test')).toBe(before)
    const asked = await rows(`select target from challenge where target like '%dmin@%' and target <> 'kimi.admin@victim.test'`)
    expect(asked).toEqual([])
  })

  test('R-083 a domain of look-alike letters is shown as what it is, on the page and in the mail', async () => {
    const walk = await ask(stage, 'maria@раураl.test') // Cyrillic
    expect(walk.page.words).toContain('@xn--')
    expect(walk.page.words).not.toContain('раураl')
    // The mail server of these tests tells the domain in its letters again.
    const mail = await stage.mailbox.next('maria@раураl.test')
    expect(mail.raw).toMatch(/^To: .*maria@xn--/m)
    expect(`${mail.subject} ${mail.text} ${mail.html}`).not.toContain('раураl')
  })
})

describe('SIGNUP=domains', () => {
  test('R-084 takes the whole domain after canonicalization and nothing that merely looks like it', async () => {
    for (const email of ['new@CORP.test', 'new@bücher.test']) {
      const walk = await ask(members, email)
      expect([email, (await finish(members, walk, email)).status]).toEqual([email, 200])
    }
    for (const email of ['x@evilcorp.test', 'x@corp.test.evil.test', 'x@sub.corp.test']) {
      const walk = await ask(members, email)
      expect(walk.page.words).toContain(email.slice(1))
      const mail = await members.mailbox.next(email)
      expect([email, mail.code, mail.link]).toEqual([email, null, null])
    }
    for (const email of ['x@corp.test.', 'x@evil.test@corp.test', 'x@corp.test@evil.test', 'x@corp.test\u0000.evil.test']) {
      const walk = await ask(members, email)
      expect([email, walk.page.forms.some(({ fields }) => fields.includes('identifier'))]).toEqual([email, true])
    }
    const known = await query(members.service.databaseUrl, 'select canonical from address order by 1')
    expect(known).toEqual([{ canonical: 'new@corp.test' }, { canonical: 'new@xn--bcher-kva.test' }])
  })
})
