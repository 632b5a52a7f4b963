import { type Challenge, solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { createSecrets, hashOf } from '../../src/base/index.ts'
import { createFactors } from '../../src/factors/index.ts'
import { until } from '../faults/fault-tools.ts'
import { query } from '../support/database.ts'
import type { Form } from '../support/html.ts'
import { type Answer, send } from '../support/http.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import type { Service } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'

/** A browser that stands on a page of a sign-in. */
export interface Standing {
  visitor: Visitor
  page: Page
  home: string
}

/** A German mobile number; `place` from 0 to 999999. A hundred places of ten thousand share a prefix each. */
export function germanNumber(place: number): string {
  return `+4915123${String(place).padStart(6, '0')}`
}

/** Opens the page that asks who one is. The first request goes to the instance of the visitor. */
export async function arrive(stage: Stage, visitor = createVisitor(stage.service)): Promise<Standing> {
  const page = await visitor.open(await stage.authorizeUrl(visitor, { prompt: 'login' }))
  return { visitor, page, home: page.url }
}

/** Types an email address or a number, and stands on what comes then. */
export async function identify(stage: Stage, identifier: string, visitor?: Visitor): Promise<Standing> {
  const walk = await arrive(stage, visitor)
  await walk.visitor.submit(withField(walk.page, 'identifier'), { identifier })
  return here(walk)
}

/** The page as it is now. */
export async function here(walk: Standing): Promise<Standing> {
  return { ...walk, page: await walk.visitor.open(walk.home) }
}

/** The page once the message it tells of is no longer waiting: pages are compared only then. */
export function onceSent(walk: Standing): Promise<Standing> {
  return until('the message is on its way', async () => {
    const now = await here(walk)
    return now.page.words.includes('Waiting to be sent') ? null : now
  })
}

/** The form of the page that has this field. */
export function withField(page: Page, field: string): Form {
  const form = formWith(page, field)
  if (!form) throw new Error(`no field ${field} on ${page.url} (${page.status}): ${page.words}`)
  return form
}

/** The form of the page that leads to this step. */
export function toStep({ page }: Standing, step: string): Form {
  const form = page.forms.find(({ action }) => action.endsWith(`/${step}`))
  if (!form) throw new Error(`no way to ${step} on ${page.url} (${page.status}): ${page.words}`)
  return form
}

/** Any step at all, with the page's own token, whether the page offers it or not. */
export function anyStep(walk: Standing, step: string, fields: Record<string, string> = {}): Promise<Page> {
  const csrf = walk.page.forms.find(({ values }) => values.csrf)?.values.csrf ?? ''
  return walk.visitor.post(`${walk.home}/${step}`, { csrf, ...fields })
}

/** From the page that waits for a mail on to the one that asks for the last digits of the number on file. */
export async function askForText(walk: Standing): Promise<Standing> {
  await walk.visitor.submit(toStep(walk, 'text'))
  return here(walk)
}

/** Types the last digits; answers the form's own answer. */
export function nameDigits(walk: Standing, digits: string): Promise<Page> {
  return walk.visitor.submit(withField(walk.page, 'digits'), { digits })
}

/** Types a code; answers whether it was enough. */
export async function typeCode({ visitor, page }: Standing, code: string | null): Promise<boolean> {
  return leadsOn((await visitor.submit(withField(page, 'code'), { code: code ?? '' })).location)
}

/** The code of six digits that is not the right one. */
export function wrongCode(right: string | null, index = 0): string {
  return right === `00000${index}` ? '999999' : `00000${index}`
}

/** The short code of the text that is open in this sign-in, as the service derives it: for where many browsers ask at once. */
export async function codeAt(service: Service, home: string): Promise<string> {
  const [challenge] = await query<{ id: string; secretId: string }>(
    service.databaseUrl,
    `select c.id, c.secret_id as "secretId" from challenge c join attempt a on a.id = c.attempt_id
     where a.interaction_hash = $1 and a.state = 'open' and c.kind = 'sms'`,
    [hashOf(home.slice(home.lastIndexOf('/') + 1))],
  )
  const factor = createFactors({ secrets: createSecrets([service.env.SECRETS ?? '']), texts: true }).get('sms')
  if (!challenge || !factor) throw new Error(`no text is open at ${home}`)
  return factor.answers(challenge).shortCode
}

/** A form of this browser, to be sent to one of the instances as often as one likes. */
export function posting(visitor: Visitor, form: Pick<Form, 'action' | 'values'>, fields: Record<string, string> = {}) {
  const cookie = visitor.jar.header(form.action) ?? ''
  const headers = { cookie, accept: 'text/html', origin: new URL(form.action).origin, 'sec-fetch-site': 'same-origin' }
  return (via: Service): Promise<Answer> => send(form.action, { body: { ...form.values, ...fields }, headers, via })
}

/** How many answers came with each status. */
export function statuses(answers: readonly { status: number }[]): Record<number, number> {
  const counted: Record<number, number> = {}
  for (const { status } of answers) counted[status] = (counted[status] ?? 0) + 1
  return counted
}

/** Does the work that the page asks a browser for, and answers what its script would send. */
export async function solutionFor(page: Page): Promise<string> {
  const said = /data-challenge="([^"]+)"/.exec(page.text)?.[1] ?? ''
  const challenge = JSON.parse(said.replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&amp;', '&')) as Challenge
  const solution = await solveChallenge({ challenge, deriveKey })
  if (!solution) throw new Error('not solved in time')
  return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64')
}

/** Gives the account of an email address a number that was proven so many seconds ago. */
export async function giveNumber(stage: Stage, email: string, number: string, secondsAgo = 0): Promise<void> {
  const at = new Date(Date.now() + stage.service.clockSeconds * 1000 - secondsAgo * 1000)
  const given = await query(
    stage.service.databaseUrl,
    `insert into address (kind, canonical, account_id, primary_from, usable_from, proven_at, created_at)
     select 'phone', $2, account_id, $3, $3, $3, $3 from address where kind = 'email' and canonical = $1 returning 1`,
    [email, number, at],
  )
  if (given.length === 0) throw new Error(`${email} has no account`)
}

/** What a text to this number took from its budget, in millionths; by the deliveries and what the provider took. */
export async function moneyOf(stage: Stage, number: string): Promise<{ texts: number; costMicros: number }> {
  const [sum] = await query<{ micros: string }>(
    stage.service.databaseUrl,
    'select coalesce(sum(cost_micros), 0) as micros from delivery where target = $1',
    [number],
  )
  const texts = [...stage.texts.sns.taken, ...stage.texts.twilio.taken].filter(({ to }) => to === number).length
  return { texts, costMicros: Number(sum?.micros) }
}

/** What was spent in all, in millionths, as the counter of all texts says. */
export async function spentMicros(stage: Stage, id = 'all'): Promise<number> {
  const rows = await query<{ spent: string }>(
    stage.service.databaseUrl,
    'select coalesce(sum(spent_micros), 0) as spent from spend_counter where id = $1',
    [id],
  )
  return Number(rows[0]?.spent)
}

/** Waits until no text is under way any more. */
export async function quiet(stage: Stage, seconds = 30): Promise<void> {
  const end = performance.now() + seconds * 1000
  const waiting = `select from delivery where channel = 'sms' and state in ('queued', 'deferred', 'sending')`
  while ((await query(stage.service.databaseUrl, waiting)).length > 0) {
    if (performance.now() > end) throw new Error(`texts are still under way after ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
