import { cleanLine } from './clean.ts'
import { septetsOf, toGsm } from './gsm.ts'
import type { Sms, SmsName } from './mails.ts'
import { FALLBACK, type Messages, type MessageValues } from './messages.ts'

/** One part of a text message: 140 octets are 160 septets (3GPP TS 23.040 §9.2.3.24). */
const SEPTETS_MAX = 160
/** A name is cut down to this before the line that phones fill in is given up. */
const NAME_MIN = 8
const NAME_MAX = 60
const READ_MAX = 200

/**
 * Draws text messages from the sentences `sms.*`. What does not fit is given up in this order: the end of the
 * application's name, the last line (the code can still be typed), the language (English fits). Of a notice it is the name,
 * the words before its link, the language, what was done, and the link last of all.
 */
export function createSms(messages: Messages): <N extends SmsName>(name: N, props: Sms[N], locale: string) => string {
  return (name, props, locale) => {
    const { app, ...rest } = { app: { name: '' }, ...props }
    const values: MessageValues = 'kind' in rest ? {} : rest
    for (const { key = `sms.${name}`, language, end } of endings(rest, locale)) {
      const known = nameInGsm(app.name) || nameInGsm(messages.say('brand', {}, language))
      for (const short of shortened(known)) {
        const text = toGsm(messages.say(key, { ...values, app: short }, language)) + end
        if ((septetsOf(text) ?? Number.POSITIVE_INFINITY) <= SEPTETS_MAX) return text
      }
    }
    throw new Error(`the text message ${name} is too long`)
  }

  /** What stands after the words, by language and at times in place of them, in the order in which it is given up. */
  function endings(props: Partial<Sms['sign-in']> | Sms['notice'], locale: string): Ending[] {
    const languages = [locale, FALLBACK]
    if ('kind' in props) {
      const { link } = props
      const key = `sms.notice.${props.kind}`
      const asked = (language: string) => toGsm(messages.say('sms.not_you', {}, language))
      const linked = [
        ...languages.flatMap((language) => [
          { key, language, end: ` ${asked(language)} ${link}` },
          { key, language, end: ` ${link}` },
        ]),
        ...languages.map((language) => ({ key: 'sms.news', language, end: ` ${link}` })),
      ]
      return [...(link ? linked : []), ...languages.map((language) => ({ key, language, end: '' }))]
    }
    const lastLine = props.host === undefined ? '' : `\n\n@${props.host.replace(/:\d+$/, '')} #${props.code}`
    return languages.flatMap((language) => [
      { language, end: lastLine },
      { language, end: '' },
    ])
  }
}

interface Ending {
  /** Of the sentence before it, where that is another one than the message's own. */
  key?: string
  language: string
  end: string
}

/**
 * A name as a text message may show it: letters, digits and a few signs of the alphabet. Words that would lose
 * letters go as a whole. Nothing is left that a phone makes a link of, a number to call, a code, or an address
 * empty when nothing is left at all.
 */
function nameInGsm(name: string): string {
  const known = toGsm(cleanLine(name.slice(0, READ_MAX)))
    .split(/\s+/)
    .filter((word) => !/[\p{L}\p{M}]/u.test([...word].filter((char) => septetsOf(char) === null).join('')))
    .join(' ')
  return known
    .replace(/[^\p{L}\d &'.-]|\p{M}/gu, ' ')
    .replace(/\d(?:[ &'.-]*\d){4,}/g, ' ')
    .replace(/(?<![\p{L}\d])\.|\.(?! |$)/gu, ' ')
    .replace(/ +/g, ' ')
    .replace(/^[ &'-]+|[ &'-]+$/g, '')
}

/** The name, then ever less of it, whole words as long as there are any. */
function* shortened(name: string): Generator<string> {
  for (let room = Math.min(name.length, NAME_MAX); room >= Math.min(name.length, NAME_MIN); room--) {
    const cut = name.slice(0, room)
    const space = name.length > room && name[room] !== ' ' ? cut.lastIndexOf(' ') : -1
    yield (space > 0 ? cut.slice(0, space) : cut).replace(/[ &'-]+$/, '')
  }
}
