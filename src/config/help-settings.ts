import { parseEmailAddress } from '../base/index.ts'
import { faulty, quoted } from './kinds.ts'
import type { Parsed, Setting, SettingOptions, SettingsTable } from './setting.ts'

/** Who helps people whom nothing here lets in any more. */
export const helpSettings = {
  helpContact: contact({
    name: 'HELP_CONTACT',
    group: 'Sign-in',
    help: 'Where people write who cannot sign in any more: shown on the page that says what is possible then, as the last way.',
    default: null,
    defaultWords: 'none: that page says to ask whoever runs the service',
    example: 'mailto:help@example.com',
  }),
} satisfies SettingsTable

/** `mailto:` with one address and nothing else, or a page on the web. */
function contact<const D extends string | null>(options: SettingOptions<D>): Setting<string, D> {
  return { ...options, kind: 'contact', unit: 'mailto:address or https://…', secret: false, parse: parseContact }
}

function parseContact(text: string): Parsed<string> {
  if (/^mailto:/i.test(text)) {
    const address = parseEmailAddress(text.slice('mailto:'.length))
    return address && !/[?&%]/.test(address) ? { value: `mailto:${address}` } : faulty(`names no email address: ${quoted(text)}`)
  }
  const url = /^https:\/\/[^\s\\]+$/i.test(text) ? URL.parse(text) : null
  if (!url || url.hostname === '') return faulty(`must be mailto: and an email address, or an https address, not ${quoted(text)}`)
  return url.username || url.password ? faulty('must hold no user name or password') : { value: url.href }
}
