import { isIP } from 'node:net'
import { choice, faulty, listOf, parseOrigin, quoted } from './kinds.ts'
import type { Fault, Parsed, Setting, SettingOptions, SettingsTable } from './setting.ts'

/** What the settings say of passkeys. */
export interface PasskeyConfig {
  /** `off` also where the host of `ISSUER` is an IP address: no browser keeps a passkey for one. */
  readonly passkeys: 'on' | 'off'
  /** The relying party ID (WebAuthn §4): the host of `ISSUER` or a parent of it. */
  readonly passkeyDomain: string
  /** A former relying party ID, whose passkeys may be lost. */
  readonly passkeyDomainGivenUp: string | null
  /** Origins besides `ISSUER` whose pages may use them. */
  readonly passkeyOrigins: readonly string[]
}

// Browsers look at five names at most, one of which is the issuer's (WebAuthn Level 3 §5.11.1).
const RELATED_MAX = 4

/** Passkeys: whether there are any, and where they work. */
export const passkeySettings = {
  passkeys: choice({
    name: 'PASSKEYS',
    group: 'Sign-in',
    help: 'Whether people can make passkeys and sign in by them. `off`: those that were made open nothing meanwhile, and whoever has them always asked for needs a recovery code. No browser keeps any where `ISSUER` is an IP address.',
    default: 'on',
    of: ['on', 'off'],
  }),
  passkeyDomain: domain({
    name: 'PASSKEY_DOMAIN',
    group: 'Sign-in',
    help: 'Domain that passkeys are made for (the relying party ID): the host of `ISSUER` or a parent of it. Choose it before the first one is made: they work for no other, and a start with another is refused.',
    default: null,
    defaultWords: 'the host of `ISSUER`',
    example: 'example.com',
  }),
  passkeyDomainGivenUp: domain({
    name: 'PASSKEY_DOMAIN_GIVEN_UP',
    group: 'Sign-in',
    help: 'The domain that passkeys were made for so far, where `PASSKEY_DOMAIN` is to be another all the same: every passkey made for it stops working.',
    default: null,
    defaultWords: 'none: such a start is refused',
  }),
  passkeyOrigins: origins({
    name: 'PASSKEY_ORIGINS',
    group: 'Sign-in',
    help: `Other origins whose pages may use the same passkeys, at most ${RELATED_MAX}; published at \`/.well-known/webauthn\` (related origins).`,
    default: null,
    defaultWords: 'none: `ISSUER` alone',
    example: 'https://example.org',
  }),
} satisfies SettingsTable

/** What is worked out from other settings. */
export function settledPasskeys(draft: PasskeyDraft, issuer: string): PasskeyConfig {
  const host = hostOf(issuer)
  return {
    passkeys: draft.passkeys === 'off' || isIP(host) !== 0 ? 'off' : 'on',
    passkeyDomain: draft.passkeyDomain ?? host,
    passkeyDomainGivenUp: draft.passkeyDomainGivenUp,
    passkeyOrigins: draft.passkeyOrigins ?? [],
  }
}

type PasskeyDraft = {
  [Field in keyof typeof passkeySettings]: (typeof passkeySettings)[Field] extends Setting<infer T> ? T | null : never
}

/** Where these settings are wrong together, and with `ISSUER`. */
export function passkeyContradictions(config: PasskeyConfig & { issuer: string }): Fault[] {
  const { passkeyDomain, passkeyDomainGivenUp, passkeyOrigins, issuer } = config
  const host = hostOf(issuer)
  const faults: Fault[] = []
  const check = (wrong: boolean, name: string, words: string): void => {
    if (wrong) faults.push({ name, words })
  }
  const own = passkeyDomain === host
  const parent = isIP(host) === 0 && host.endsWith(`.${passkeyDomain}`)
  check(!own && !parent, 'PASSKEY_DOMAIN', `must be the host of ISSUER (${host}) or a parent of it, not ${passkeyDomain}`)
  check(parent && !passkeyDomain.includes('.'), 'PASSKEY_DOMAIN', `must be a domain of yours, not all of .${passkeyDomain}`)
  check(passkeyDomainGivenUp === passkeyDomain, 'PASSKEY_DOMAIN_GIVEN_UP', 'must differ from PASSKEY_DOMAIN')
  check(passkeyOrigins.includes(issuer), 'PASSKEY_ORIGINS', 'must not hold ISSUER, which is always one of them')
  return faults
}

function hostOf(issuer: string): string {
  return new URL(issuer).hostname.replace(/^\[|\]$/g, '')
}

/** A host name in lower case. An address is none: WebAuthn knows domains alone (§5.1.2). */
function domain<const D extends string | null>(options: SettingOptions<D>): Setting<string, D> {
  const parse = (text: string): Parsed<string> => {
    const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
    const isDomain = new RegExp(`^${label}(?:\\.${label})*$`).test(text) && text.length <= 253 && isIP(text) === 0
    return isDomain ? { value: text } : faulty(`must be a domain such as example.com, not ${quoted(text)}`)
  }
  return { ...options, kind: 'domain', unit: '', secret: false, parse }
}

function origins<const D extends string | null>(options: SettingOptions<D>): Setting<readonly string[], D> {
  const parse = (text: string): Parsed<readonly string[]> => {
    const listed = listOf(text)
    const faults = listed.flatMap((one) => {
      const parsed = parseOrigin(one)
      return 'faults' in parsed ? parsed.faults.map((words) => `${quoted(one)} ${words}`) : []
    })
    if (new Set(listed).size < listed.length) faults.push('holds the same origin twice')
    if (listed.length > RELATED_MAX) faults.push(`holds ${listed.length} origins; browsers take at most ${RELATED_MAX}`)
    return faults.length > 0 ? { faults } : { value: listed }
  }
  return { ...options, kind: 'list', unit: 'https://host[:port] …', secret: false, parse }
}
