import { type Form, formsOf } from '../test/support/html.ts'
import type { Person } from './application.ts'
import { createAuthenticator } from './authenticator.ts'
import type { MailSink } from './mail-sink.ts'

/** What a person does at a page of a sign-in: where its form goes, and what is in it. */
export async function fillIn(
  html: string,
  url: string,
  person: Person,
  mails: MailSink,
): Promise<{ action: string; fields: Record<string, string> }> {
  const forms = formsOf(html, url)
  const found = (fits: (form: Form) => boolean) => forms.find(fits)
  const sent = (form: Form, more: Record<string, string>) => ({ action: form.action, fields: { ...form.values, ...more } })
  const endingIn = (path: string) => found(({ action, fields }) => action.endsWith(path) && fields.includes('code'))

  const identify = found(({ fields }) => fields.includes('identifier'))
  if (identify) return sent(identify, { identifier: person.email })
  const mailed = endingIn('/answer')
  if (mailed) return sent(mailed, { code: await mails.nextCode(person.email) })
  const second = endingIn('/factor')
  if (second) return sent(second, { code: codeFor(person, url) })
  const enrol = endingIn('/enrol-code')
  if (enrol) {
    person.authenticator = createAuthenticator(keyOn(html, url))
    return sent(enrol, { code: codeFor(person, url) })
  }
  const keep = found(({ fields }) => fields.includes('kept'))
  if (keep) return sent(keep, { kept: 'yes' })
  const way = found(({ buttons }) => buttons.some(({ name, value }) => name === 'way' && value === 'totp'))
  if (way) return sent(way, { way: 'totp' })
  throw new Error(`no way on from ${url}: ${html.slice(0, 300)}`)
}

function codeFor({ authenticator, email }: Person, url: string): string {
  if (!authenticator) throw new Error(`${email} has no authenticator, and ${url} asks for it`)
  return authenticator.nextCode()
}

function keyOn(html: string, url: string): string {
  const [, key] = /class="ref mono"[^>]*>([A-Z2-7 ]+)</.exec(html) ?? []
  if (!key) throw new Error(`no key of an authenticator at ${url}`)
  return key.replaceAll(' ', '')
}
