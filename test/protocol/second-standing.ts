import { randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import { createSecrets } from '../../src/base/index.ts'
import { createCredentialFactors } from '../../src/factors/index.ts'
import { codeOf } from '../rooms/totp-support.ts'
import { query } from '../support/database.ts'
import { createVisitor, type Visitor } from '../support/person.ts'
import type { Service } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'
import { type App, appOf, authorizeUrl, newVerifier, type Parameters, redeem } from './protocol.ts'
import { here, type Standing, toStep, withField } from './text-walk.ts'

/** A browser in the middle of a sign-in, with what its application needs to redeem the code. */
export interface Walker extends Standing {
  app: App
  verifier: string
}

export interface WalkOptions {
  visitor?: Visitor
  app?: App
  parameters?: Parameters
  /** The authorization request of an application that makes its own. */
  url?: string
}

/** Gives the person ten recovery codes, as if they had been kept before. */
export async function addRecoveryCodes(service: Service, address: string): Promise<string[]> {
  const secrets = createSecrets([service.env.SECRETS ?? ''])
  const { recovery } = createCredentialFactors({ secrets, clock: { now: () => new Date() } })
  const { codes, data } = await recovery.newSet()
  for (const one of data) {
    await query(
      service.databaseUrl,
      `insert into credential (id, account_id, kind, data, label, proven_at, created_at)
       select $1, account_id, 'recovery', $2, '', $3, $3 from address where canonical = $4`,
      [randomBytes(16).toString('base64url'), one, new Date(Date.now() + service.clockSeconds * 1000), address],
    )
  }
  return codes
}

/** Opens the page that asks who one is, for an application. */
export async function toDoor(stage: Stage, options: WalkOptions = {}): Promise<Walker> {
  const { visitor = createVisitor(stage.service), app = appOf(stage), parameters = { prompt: 'login' } } = options
  const verifier = newVerifier()
  const page = await visitor.open(options.url ?? authorizeUrl(stage.service, app, verifier, parameters))
  return { visitor, page, home: page.url, app, verifier }
}

/** Goes as far as the page that waits for the code of an email or a text. */
export async function toCode(stage: Stage, identifier: string, options?: WalkOptions): Promise<Walker> {
  const walk = await toDoor(stage, options)
  await walk.visitor.submit(withField(walk.page, 'identifier'), { identifier })
  return { ...walk, ...(await here(walk)) }
}

/** Gives the first proof by a code, and stands on what comes then: a page, or the way back to the application. */
export async function afterFirst(stage: Stage, identifier: string, options?: WalkOptions): Promise<Walker> {
  const walk = await toCode(stage, identifier, options)
  const box = identifier.startsWith('+') ? stage.texts.sns : stage.mailbox
  const { code } = await box.next(identifier)
  return typing(walk, code)
}

/** Types a code of any kind, and stands on what comes then. */
export async function typing(walk: Walker, code: string | null, more: Record<string, string> = {}): Promise<Walker> {
  const form = withField(walk.page, 'code')
  return { ...walk, page: await walk.visitor.follow(await walk.visitor.submit(form, { code: code ?? '', ...more })) }
}

/** Takes one of the ways that the page offers. */
export async function choosing(walk: Walker, way: string): Promise<Walker> {
  const form = walk.page.forms.find(({ buttons }) => buttons.some(({ value }) => value === way))
  if (!form) throw new Error(`no way ${way} on ${walk.page.url}: ${walk.page.words}`)
  return { ...walk, page: await walk.visitor.follow(await walk.visitor.submit(form, {}, way)) }
}

/** From the page that asks for the authenticator to the one that asks for a recovery code. */
export async function toRecovery(walk: Walker): Promise<Walker> {
  await walk.visitor.submit(toStep(walk, 'other-way'))
  return choosing({ ...walk, ...(await here(walk)) }, 'recovery')
}

/** What the page asks for, in one word. */
export function askedOn({ page }: Pick<Standing, 'page'>): string {
  if (page.location !== null) return 'nothing'
  const has = (test: (action: string) => boolean) => page.forms.some(({ action }) => test(new URL(action).pathname))
  const steps = ['identify', 'answer', 'way', 'factor', 'enrol', 'enrol-code', 'keep-codes']
  return steps.find((step) => has((action) => action.endsWith(`/${step}`))) ?? `${page.status}: ${page.words}`
}

/** Redeems what the walk has brought, and answers what the ID token says. */
export async function tokenOf(stage: Stage, { page, app, verifier }: Walker): Promise<Record<string, unknown>> {
  const code = page.location && new URL(page.location).searchParams.get('code')
  if (!code) throw new Error(`no code: ${page.location ?? `${page.url}: ${page.words}`}`)
  const { body } = await redeem(stage.service, app, { code, verifier })
  return decodeJwt(String(body.id_token))
}

export async function countOf(service: Service, from: string, values: readonly unknown[]): Promise<number> {
  const [row] = await query<{ n: string }>(service.databaseUrl, `select count(*) as n from ${from}`, values)
  return Number(row?.n)
}

/** The key that the page shows to be typed into an app, and what such an app shows at a moment from now. */
export function keyOn({ page }: Pick<Standing, 'page'>, service: Service): { key: string; codeNow(): string } {
  const shown = /<p class="ref mono" dir="ltr">([A-Z2-7 ]+)<\/p>/.exec(page.text)?.[1]
  if (!shown) throw new Error(`no key on ${page.url}: ${page.words}`)
  const key = shown.replaceAll(' ', '')
  return { key, codeNow: () => codeOf(key, Math.floor(Date.now() / 1000) + service.clockSeconds) }
}
