import { asciiDigit } from '../base/index.ts'

// 3GPP TS 23.038 §6.2.1: the default alphabet of text messages; what is in the extension table counts as two.
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const EXTENSION = new Set('\f^{}\\[~]|€')

/** What has a plain form that Unicode does not derive. */
const PLAIN: Readonly<Record<string, string>> = {
  ...spread('‘’‚‛′ʼʻ`´', "'"),
  ...spread('“”„‟″«»', '"'),
  ...spread('‐‑‒–—―−', '-'),
  ...spread('łŁđĐıħĦŧŦ', 'lLdDihHtT'),
  œ: 'oe',
  Œ: 'OE',
  þ: 'th',
  Þ: 'Th',
  ð: 'd',
  Ð: 'D',
  ẞ: 'SS',
}

/** How much of a text message a text takes, in septets; null when it holds a character that the alphabet lacks. */
export function septetsOf(text: string): number | null {
  let septets = 0
  for (const char of text) {
    if (EXTENSION.has(char)) septets += 2
    else if (BASIC.has(char)) septets += 1
    else return null
  }
  return septets
}

/** The same text with marks off and typographic signs made plain where the alphabet asks for it. The rest stays as it is. */
export function toGsm(text: string): string {
  return [...text.normalize('NFKC')].map(gsmOf).join('')
}

function gsmOf(char: string): string {
  if (septetsOf(char) !== null) return char
  if (/\p{Nd}/u.test(char)) return asciiDigit(char)
  const bare = char.normalize('NFKD').replace(/\p{M}/gu, '')
  const plain = [...bare].map((part) => PLAIN[part] ?? part).join('')
  return septetsOf(plain) === null ? char : plain
}

// Each sign of the first text with the one at its place in the second; its last one stands for all that follow.
function spread(signs: string, plain: string): Record<string, string> {
  return Object.fromEntries([...signs].map((sign, index) => [sign, plain[index] ?? plain.at(-1) ?? '']))
}
