import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createSecrets, type EmailAddress } from '../../src/base/index.ts'
import { addressKey } from '../../src/factors/index.ts'
import { startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import type { Page } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { type AtConsole, enterConsole, somebody as signedIn, waysOf } from './console-walk.ts'

let stage: Stage
let support: AtConsole
let auditor: AtConsole

beforeAll(async () => {
  stage = await startAdminStage()
  support = await enterConsole(stage, 'sam@fabrikam.example', 'support')
  auditor = await enterConsole(stage, 'ida@fabrikam.example', 'auditor')
}, 120_000)
afterAll(() => stage.stop())

const COUNTED = /([\d,]+) of ([\d,]+) rows in the chain were checked/
const CHAINED_WITHIN_MS = 20_000

/** The page that checks the chain, once there is one: to ask for it makes it begin. */
async function chained(): Promise<Page> {
  const deadline = Date.now() + CHAINED_WITHIN_MS
  for (;;) {
    const page = await auditor.open('/admin/audit/verify')
    if (!/\b0 of 0 rows/.test(page.words)) return page
    if (Date.now() > deadline) throw new Error(`no chain: ${page.words}`)
  }
}

const somebody = (address: string) => signedIn(stage, address)

describe('messages', () => {
  test('are found by an address in full, and say no more than is known', async () => {
    await somebody('mailed@fabrikam.example')
    const list = await support.open('/admin/messages?to=mailed@fabrikam.example')
    expect(list.words).toMatch(/Sign-in mailed@fabrikam\.example Handed to the mail server at \d\d:\d\d UTC/)
    expect(list.words).not.toContain('Delivered')
    const [way = ''] = waysOf(list).filter((path) => /^\/[\w-]{10,}$/.test(path))
    const one = await support.open(`/admin/messages${way}`)
    expect(one.words).toContain('Tries 1')
    expect(one.words).not.toContain('Send it now')
    expect((await support.open('/admin/messages?to=no-address')).text).toContain('aria-invalid="true"')
  })
})

describe('an address that takes no messages', () => {
  test('is told as such on the page of its person and of its message, and takes them again after a question', async () => {
    const address = 'bounced@fabrikam.example'
    const { path } = await somebody(address)
    const key = addressKey(createSecrets([stage.service.env.SECRETS ?? '']), address as EmailAddress)
    const suppress = () =>
      query(
        stage.service.databaseUrl,
        "insert into suppression (target_key, channel, reason, created_at) values ($1, 'email', 'bounced', now())",
        [key],
      )
    await suppress()
    const words = 'This address takes no email: an earlier one came back.'
    expect((await auditor.open(path)).words).toContain(words)
    expect(waysOf(await auditor.open(path)).some((way) => way.endsWith('/lift'))).toBe(false)
    const question = await support.open(`${path}/addresses/0/lift`)
    expect(question.words).toContain(`Send to this address again? ${address}`)
    const done = await support.press(question, /^Send again$/)
    expect(done.words).toContain('The address takes messages again.')
    expect(done.words).not.toContain(words)
    // What is no address of this person is not touched by a form of their page.
    await suppress()
    const other = await somebody('other@fabrikam.example')
    const [form] = question.forms.filter(({ action }) => action.endsWith('/lift'))
    if (!form) throw new Error('no question')
    await support.visitor.submit({ ...form, action: form.action.replace(path, other.path) })
    expect((await support.open(path)).words).toContain(words)

    const list = await support.open(`/admin/messages?to=${address}`)
    const [way = ''] = waysOf(list).filter((one) => /^\/[\w-]{10,}$/.test(one))
    const lifted = await support.press(await support.open(`/admin/messages${way}/lift`), /^Send again$/)
    expect(lifted.words).toContain('The address takes messages again.')
    expect(lifted.words).not.toContain(words)
  })
})

describe('the audit log', () => {
  test('is found by address, application and event, and each row has a page of its own', async () => {
    const { id } = await somebody('traced@fabrikam.example')
    const list = await auditor.open('/admin/audit?person=traced@fabrikam.example&event=sign_in.*')
    expect(list.words).toContain('sign_in.completed')
    expect(list.words.slice(list.words.indexOf('Details'))).not.toMatch(/token\.issued|message\./)
    const [way = ''] = waysOf(list).filter((path) => path.startsWith('/entries/'))
    const entry = await auditor.open(`/admin/audit${way}`)
    expect(entry.words).toContain(id)
    expect((await auditor.open('/admin/audit?person=nobody.here@fabrikam.example')).words).toContain('No row fits')
    expect((await auditor.open('/admin/audit?from=yesterday')).text).toContain('class="notice bad"')
  })

  test('is taken along whole as lines of JSON, in more than one page, newest first', async () => {
    const count = 2300
    await query(
      stage.service.databaseUrl,
      "insert into audit_entry (at, event, client_id, detail) select now() + n * interval '1 ms', 'client.changed', 'many', '{}'::jsonb from generate_series(1, $1) n",
      [count],
    )
    const file = await auditor.open('/admin/audit/export?client=many')
    expect(file.headers['content-type']).toMatch(/^application\/x-ndjson/)
    expect(file.headers['content-disposition']).toBe('attachment; filename="audit.ndjson"')
    const rows = file.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { entry_id: string; client_id: string; at: string })
    expect(rows).toHaveLength(count)
    expect(new Set(rows.map(({ entry_id }) => entry_id)).size).toBe(count)
    expect(rows.every(({ client_id }) => client_id === 'many')).toBe(true)
    expect(rows.map(({ at }) => at)).toEqual(
      rows
        .map(({ at }) => at)
        .sort()
        .reverse(),
    )
    expect((await auditor.open('/admin/audit/export?client=none')).text).toBe('')
    expect((await auditor.open('/admin/audit/export?from=yesterday')).status).toBe(409)
    const told = "select actor_id, detail ->> 'filter' as filter from audit_entry where event = 'audit.exported' order by id"
    expect(await query(stage.service.databaseUrl, told)).toEqual([
      { actor_id: auditor.accountId, filter: 'client_id=many' },
      { actor_id: auditor.accountId, filter: 'client_id=none' },
    ])
  })

  /** Begins to take along very many rows; `rest` takes what is left. */
  async function begun({ visitor }: AtConsole) {
    const { databaseUrl, issuer } = stage.service
    await query(
      databaseUrl,
      "insert into audit_entry (at, event, client_id, detail) select now(), 'client.changed', 'wide', jsonb_build_object('change', repeat('x', 1000)) from generate_series(1, 20000) where not exists (select from audit_entry where client_id = 'wide')",
    )
    const url = `${issuer}/admin/audit/export?client=wide`
    const answer = await fetch(url, { headers: { cookie: visitor.jar.header(url) ?? '' } })
    const reader = answer.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    return async () => {
      for (;;) if ((await reader?.read())?.done !== false) return
    }
  }

  test('an export that breaks off is no file that looks whole', async () => {
    const { databaseUrl } = stage.service
    const rest = await begun(auditor)
    await query(databaseUrl, 'alter table audit_entry rename to audit_entry_away')
    await expect(rest()).rejects.toThrow('terminated')
    await query(databaseUrl, 'alter table audit_entry_away rename to audit_entry')
  })

  test('its chain is checked up to where it stands', async () => {
    const page = await chained()
    expect(page.words).toContain('The chain is whole')
    const [, checked, rows] = COUNTED.exec(page.words) ?? []
    expect(checked).toBe(rows)
  })

  test('R-184 a row that was changed by hand is named, and can be looked at', async () => {
    await chained()
    const [row] = await query<{ id: string }>(
      stage.service.databaseUrl,
      "update audit_entry set event = 'sign_in.completed' where id = (select id from audit_entry where chain_seq = 3) returning id::text",
    )
    const page = await auditor.open('/admin/audit/verify')
    expect(page.status).toBe(200)
    expect(page.words).toContain('The chain is broken')
    expect(page.words).toContain('This row is not as it was written.')
    expect(waysOf(page).some((way) => way.endsWith(`/entries/${row?.id}`))).toBe(true)
  })
})
