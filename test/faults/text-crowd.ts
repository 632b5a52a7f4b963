import { countryOf, type PhoneNumber } from '../../src/base/index.ts'
import { priceOf, shippedPrices } from '../../src/limits/index.ts'
import { appOf, authorizeUrl, newVerifier } from '../protocol/protocol.ts'
import { solutionFor, withField } from '../protocol/text-walk.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page } from '../support/person.ts'
import type { Service } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'

/** What became of somebody who wanted a text. */
export type Fate = 'at once' | 'after work' | 'by email' | 'refused'

/** One browser at one network address, behind the trusted proxy. */
export function createStranger(stage: Stage, instance: Service, ip: string) {
  const visitor = createVisitor(instance)
  const via = { 'x-forwarded-for': ip }
  let home = ''

  /** Follows redirects inside the issuer. */
  async function follow(page: Page): Promise<Page> {
    let at = page
    while (at.location?.startsWith(stage.service.issuer)) at = await visitor.get(at.location, via)
    return at
  }

  async function arrive(): Promise<Page> {
    const page = await follow(await visitor.get(authorizeUrl(stage.service, appOf(stage), newVerifier()), via))
    home = page.url
    return page
  }

  /** Types an identifier; the page that comes then, or a refusal. */
  async function identify(identifier: string, page?: Page): Promise<Page> {
    const form = withField(page ?? (await arrive()), 'identifier')
    return follow(await visitor.post(form.action, { ...form.values, identifier }, via))
  }

  const here = () => visitor.get(home, via)

  async function type(field: string, value: string, page: Page): Promise<Page> {
    const form = withField(page, field)
    return visitor.post(form.action, { ...form.values, [field]: value }, via)
  }

  return { identify, here, type, follow }
}

/**
 * An honest person: waits for the text and types its code, does the work that is asked for, and takes the email where
 * no text goes. `ms` runs from typing the number to the message's arrival.
 */
export async function honest(stage: Stage, instance: Service, ip: string, number: string): Promise<{ fate: Fate; ms: number }> {
  const person = createStranger(stage, instance, ip)
  const began = performance.now()
  let page = await person.identify(number)
  let fate: Fate = 'at once'
  if (formWith(page, 'solution')) {
    fate = 'after work'
    await person.type('solution', await solutionFor(page), page)
    page = await person.here()
  }
  for (let looks = 0; looks < 400; looks++) {
    if (page.status === 429 || page.status === 503) return { fate: 'refused', ms: 0 }
    const text = stage.texts.sns.taken.findLast(({ to }) => to === number)
    if (text && formWith(page, 'code')) {
      const ms = performance.now() - began
      const end = await person.follow(await person.type('code', text.code ?? '', page))
      return { fate: end.location ? fate : 'refused', ms }
    }
    if (formWith(page, 'identifier') || /cannot send a text message/.test(page.words))
      return byEmail(stage, person, page, number, began)
    await new Promise((resolve) => setTimeout(resolve, 20))
    page = await person.here()
  }
  return { fate: 'refused', ms: 0 }
}

async function byEmail(
  stage: Stage,
  person: ReturnType<typeof createStranger>,
  page: Page,
  number: string,
  began: number,
): Promise<{ fate: Fate; ms: number }> {
  const email = `n${number.slice(1)}@fabrikam.example`
  const restart = page.forms.find(({ action }) => action.endsWith('/restart'))
  if (!formWith(page, 'identifier') && restart)
    await person.type('csrf', restart.values.csrf ?? '', { ...page, forms: [restart] })
  const waiting = await person.identify(email, await person.here())
  if (waiting.status !== 200) return { fate: 'refused', ms: 0 }
  const { code } = await stage.mailbox.next(email)
  const ms = performance.now() - began
  const end = await person.follow(await person.type('code', code ?? '', waiting))
  return { fate: end.location ? 'by email' : 'refused', ms }
}

/** What a text to this number costs by the shipped table, in millionths. */
export function priceMicros(number: string): number {
  return priceOf(shippedPrices(), countryOf(number as PhoneNumber))
}

/** What every counter says was spent, and what the deliveries say they cost, in millionths. */
export async function books(stage: Stage): Promise<{ counters: Map<string, number>; deliveries: number }> {
  const counters = await query<{ id: string; spent: string }>(
    stage.service.databaseUrl,
    'select id, sum(spent_micros) as spent from spend_counter group by id',
  )
  const [sum] = await query<{ micros: string }>(
    stage.service.databaseUrl,
    'select coalesce(sum(cost_micros), 0) as micros from delivery',
  )
  return { counters: new Map(counters.map(({ id, spent }) => [id, Number(spent)])), deliveries: Number(sum?.micros) }
}

/** Numbers of a country, each other than all before; the same in every run. */
export function numbersOf(country: keyof typeof MOBILE, seed = 7): () => string {
  const { start, digits } = MOBILE[country]
  const seen = new Set<string>()
  let state = seed
  return function next(): string {
    state = (state * 48_271) % 2_147_483_647
    const number = `${start}${String(state % 10 ** digits).padStart(digits, '0')}`
    if (seen.has(number)) return next()
    seen.add(number)
    return number
  }
}

const MOBILE = {
  DE: { start: '+49170', digits: 7 },
  GB: { start: '+447400', digits: 6 },
  US: { start: '+14152', digits: 6 },
  FR: { start: '+336', digits: 8 },
  BD: { start: '+88017', digits: 8 },
  AT: { start: '+43660', digits: 7 },
  NL: { start: '+316', digits: 8 },
} as const
