import { budget, DEFAULT_BUDGET } from './budget.ts'
import { choice, duration, integer, origin, path } from './kinds.ts'
import type { Fault, SettingsTable } from './setting.ts'
import { choices, countries, country, form, forms, signingKey, token, webUrl } from './text-kinds.ts'

const TEXT_ROUTES = ['sns', 'twilio', 'webhook'] as const
export type TextRouteName = (typeof TEXT_ROUTES)[number]

/** What sign-in by text message is ruled by: routes, receipts, countries, money, proof of work. */
export const textSettings = {
  smsRoutes: choices({
    name: 'SMS_ROUTES',
    group: 'Text messages',
    help: 'Ways to send text messages, tried in this order. Without any, nobody signs in by text.',
    default: null,
    defaultWords: 'none; trial mode: the inbox page at `/dev/inbox`',
    of: TEXT_ROUTES,
  }),
  smsCountries: countries({
    name: 'SMS_COUNTRIES',
    group: 'Text messages',
    help: 'The only countries that texts are sent to. Needed with `SMS_ROUTES`. Name those your people live in and no more.',
    default: null,
    defaultWords: 'none; trial mode without `SMS_ROUTES`: every country',
  }),
  phoneCountry: country({
    name: 'PHONE_COUNTRY',
    group: 'Text messages',
    help: 'Country of numbers that are typed without their country code.',
    default: null,
    defaultWords: 'what the browser says',
  }),
  phoneProofAgeSeconds: duration({
    name: 'PHONE_PROOF_AGE',
    group: 'Text messages',
    help: 'A number that was not proven for so long no longer opens its account alone: carriers give old numbers to other people.',
    default: '180d',
    min: '1d',
    max: '730d',
  }),
  smsBudget: budget({
    name: 'SMS_BUDGET',
    group: 'Text messages',
    help: 'What texts may cost a day (UTC), in the currency of the price table: in all, and for each country, number prefix, client and number. `all:0` stops all texts. What is not named keeps its default.',
    default: Object.values(DEFAULT_BUDGET).join(' '),
  }),
  smsPricesFile: path({
    name: 'SMS_PRICES_FILE',
    group: 'Text messages',
    help: 'YAML file with the price of one text by country, in place of the table that is shipped (`src/limits/budget/prices.yaml`).',
    default: null,
    defaultWords: 'the shipped table',
  }),
  smsProofBelow: integer({
    name: 'SMS_PROOF_BELOW',
    group: 'Text messages',
    help: 'When fewer than so many percent of the texts to a country or prefix lead to a sign-in, the next ones ask for a proof of work first. 0: never.',
    default: '50',
    min: 0,
    max: 100,
    of: 'percent',
  }),
  smsCloseBelow: integer({
    name: 'SMS_CLOSE_BELOW',
    group: 'Text messages',
    help: 'When fewer than so many percent do, nearly no texts are sent there for a while and people are led to email. At most `SMS_PROOF_BELOW`. 0: never.',
    default: '25',
    min: 0,
    max: 100,
    of: 'percent',
  }),
  smsRatioTexts: integer({
    name: 'SMS_RATIO_TEXTS',
    group: 'Text messages',
    help: 'Texts to a country within two hours before their share of sign-ins counts; for a prefix half as many.',
    default: '20',
    min: 4,
    max: 100_000,
    of: 'texts',
  }),
  proofOfWork: choice({
    name: 'PROOF_OF_WORK',
    group: 'Text messages',
    help: 'When a browser computes a while before a message is sent: when the two shares above ask for it, before every text, or before every text and mail.',
    default: 'off',
    of: ['off', 'texts', 'always'],
  }),
  snsRegion: form({
    name: 'SNS_REGION',
    group: 'Text messages',
    help: 'AWS region that texts are sent from. Nothing is sent while neither this nor the AWS SDK names one. Credentials come by the ways of the AWS SDK.',
    default: null,
    defaultWords: 'by the ways of the AWS SDK',
    matches: /^[a-z]{2}(-[a-z]{2,12}){1,3}-\d{1,2}$/,
    words: 'a region such as eu-central-1',
  }),
  snsSenderId: form({
    name: 'SNS_SENDER_ID',
    group: 'Text messages',
    help: 'Name that AWS SNS shows as the sender, in the countries that allow one.',
    default: null,
    matches: /^(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}$/,
    words: '1 to 11 letters, digits and dashes with a letter',
  }),
  snsTopics: forms({
    name: 'SNS_TOPICS',
    group: 'Text messages',
    help: 'Topics of AWS SNS whose notices about bounced mails and delivered texts are taken at `/receipts/sns`.',
    default: null,
    matches: /^arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{1,30}:\d{12}:[A-Za-z0-9_-]{1,256}$/,
    words: 'a topic such as arn:aws:sns:eu-central-1:123456789012:mail',
  }),
  twilioAccountSid: form({
    name: 'TWILIO_ACCOUNT_SID',
    group: 'Text messages',
    help: 'Account at Twilio. Needed with `twilio` in `SMS_ROUTES`.',
    default: null,
    matches: /^AC[0-9a-f]{32}$/,
    words: 'AC and 32 hexadecimal digits',
  }),
  twilioAuthToken: token({
    name: 'TWILIO_AUTH_TOKEN',
    group: 'Text messages',
    help: 'Password of that account; it also proves the receipts at `/receipts/twilio`.',
    default: null,
    charactersMin: 16,
  }),
  twilioFrom: form({
    name: 'TWILIO_FROM',
    group: 'Text messages',
    help: 'Number, sender name or messaging service (`MG…`) that Twilio sends from.',
    default: null,
    matches: /^(\+[1-9]\d{4,14}|MG[0-9a-f]{32}|(?=.*[A-Za-z])[A-Za-z0-9-]{1,11})$/,
    words: 'a number such as +14155550100, MG and 32 hexadecimal digits, or a sender name',
  }),
  twilioUrl: origin({
    name: 'TWILIO_URL',
    group: 'Text messages',
    help: 'Where the Twilio API is reached, such as a region of its own.',
    default: 'https://api.twilio.com',
  }),
  smsWebhookUrl: webUrl({
    name: 'SMS_WEBHOOK_URL',
    group: 'Text messages',
    help: 'Service of your own that each text is posted to. Needed with `webhook` in `SMS_ROUTES`.',
    default: null,
  }),
  smsWebhookSecret: signingKey({
    name: 'SMS_WEBHOOK_SECRET',
    group: 'Text messages',
    help: 'Key that those posts are signed with (Standard Webhooks). Write it as `whsec_` and base64, such as `whsec_$(openssl rand -base64 32)`, on both sides.',
    default: null,
  }),
  receiptsSecret: signingKey({
    name: 'RECEIPTS_SECRET',
    group: 'Text messages',
    help: 'Key that a service of your own signs its receipts with, for mails and texts, posted to `/receipts/delivery` (Standard Webhooks). Written in the same way.',
    default: null,
    defaultWords: 'none: that address is not there',
  }),
} satisfies SettingsTable

/** What each route needs beside its name. AWS SNS finds all it needs by the ways of its SDK. */
const NEEDED: Readonly<Record<TextRouteName, readonly string[]>> = {
  sns: [],
  twilio: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'],
  webhook: ['SMS_WEBHOOK_URL', 'SMS_WEBHOOK_SECRET'],
}

interface TextDraft {
  smsRoutes: readonly TextRouteName[]
  smsProofBelow: number | null
  smsCloseBelow: number | null
  twilioUrl: string | null
  smsWebhookUrl: string | null
}

/** Settings of text messages that are right one by one and wrong together. A value at fault is `null`. */
export function textContradictions(draft: TextDraft, given: ReadonlySet<string>, trial: boolean): Fault[] {
  const faults: Fault[] = []
  const needed = draft.smsRoutes.flatMap((route) => NEEDED[route].map((name) => ({ name, route })))
  for (const { name, route } of needed.filter((need) => !given.has(need.name)))
    faults.push({ name, words: `must be set: SMS_ROUTES names ${route}` })
  if (draft.smsRoutes.length > 0 && !given.has('SMS_COUNTRIES'))
    faults.push({
      name: 'SMS_COUNTRIES',
      words: 'must be set with SMS_ROUTES: the countries that texts are sent to, such as DE,AT,CH',
    })
  if (draft.smsCloseBelow !== null && draft.smsProofBelow !== null && draft.smsCloseBelow > draft.smsProofBelow)
    faults.push({ name: 'SMS_CLOSE_BELOW', words: `must not be more than SMS_PROOF_BELOW (${draft.smsProofBelow})` })
  for (const [name, url] of Object.entries({ TWILIO_URL: draft.twilioUrl, SMS_WEBHOOK_URL: draft.smsWebhookUrl }))
    if (!trial && url?.startsWith('http:')) faults.push({ name, words: 'must be https outside of trial mode' })
  return faults
}
