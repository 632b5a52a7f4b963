import { domainToASCII } from 'node:url'

declare const canonicalEmail: unique symbol

/** A parsed email address in canonical form. What is stored, compared and sent to is always this value. */
export type EmailAddress = string & { readonly [canonicalEmail]: true }

const BYTES_MAX = 254 // RFC 5321 §4.5.3.1.3, less the angle brackets
const LOCAL_BYTES_MAX = 64 // RFC 5321 §4.5.3.1.1
const LOCAL = /^[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+)*$/u
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/

/**
 * Parses one address (RFC 5321 dot-string, RFC 6531 letters). Lists, groups, display names, comments, quoted
 * local parts, control characters and more than 254 bytes answer `null`.
 *
 * Canonical form: local part NFC and in lower case (a policy: `User@` and `user@` are one person), domain as
 * IDNA A-labels in lower case. No provider's tricks with dots or plus signs. A character that a mail server
 * could fold into ASCII (Kelvin sign, dotless i, full-width letters) makes the address invalid, so that it
 * can never reach somebody else's account.
 */
export function parseEmailAddress(input: string): EmailAddress | null {
  // Looked at before NFC, which itself folds the Kelvin sign into a K.
  if (input.length > BYTES_MAX * 2 || foldsToAscii(input)) return null
  const text = input.replace(/^[ \t]+|[ \t]+$/g, '').normalize('NFC')
  const at = text.indexOf('@')
  if (at < 1 || at !== text.lastIndexOf('@')) return null
  const local = text.slice(0, at)
  if (!LOCAL.test(local)) return null
  const domain = canonicalDomain(text.slice(at + 1))
  if (!domain) return null
  const canonical = `${local.toLowerCase()}@${domain}`
  if (Buffer.byteLength(local) > LOCAL_BYTES_MAX || Buffer.byteLength(canonical) > BYTES_MAX) return null
  return canonical as EmailAddress
}

/** Parses a domain to lower-case A-labels; `null` when it is none, or has a single label, or ends in a dot. */
export function canonicalDomain(input: string): string | null {
  if (input.length > 253 || foldsToAscii(input) || /[^\p{L}\p{N}\p{M}.-]/u.test(input)) return null
  const ascii = domainToASCII(input).toLowerCase()
  const labels = ascii.split('.')
  if (labels.length < 2 || !labels.every((label) => LABEL.test(label))) return null
  return /^\d+$/.test(labels.at(-1) ?? '') ? null : ascii
}

/** The domain of an address, as A-labels. */
export function domainOf(address: EmailAddress): string {
  return address.slice(address.indexOf('@') + 1)
}

/** `m•••a@fabrikam.example`: enough to recognize one's own address, too little to learn another's. */
export function maskEmail(address: EmailAddress): string {
  const local = [...address.slice(0, address.indexOf('@'))]
  const shown = local.length > 2 ? `${local[0]}•••${local.at(-1)}` : `${local[0]}•••`
  return `${shown}@${domainOf(address)}`
}

// Compatibility forms (full-width, ligatures, long s) fold under NFKC; Kelvin sign and dotted or dotless i
// under case mapping (UTS #39; CVE-2019-19844).
function foldsToAscii(text: string): boolean {
  for (const char of text) {
    if (char <= '\x7f') continue
    const folded = char.normalize('NFKC')
    if (/[\x00-\x7f]/.test(folded) || /[\x00-\x7f]/.test(char.toLowerCase()) || /[\x00-\x7f]/.test(char.toUpperCase()))
      return true
    if (/\p{Cf}/u.test(char)) return true
  }
  return false
}
