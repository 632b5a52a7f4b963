import { randomBytes } from 'node:crypto'
import { createSecrets } from '../../src/base/index.ts'
import { createCredentialFactors } from '../../src/factors/index.ts'
import { codeOf } from '../rooms/totp-support.ts'
import { query } from '../support/database.ts'
import { formWith, type Visitor } from '../support/person.ts'
import type { Service } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'
import { type App, appOf, authorizeUrl, newVerifier, type Parameters } from './protocol.ts'

export const TWO = 'urn:doorward:acr:2'
export const THREE = 'urn:doorward:acr:3'

/** A `claims` parameter that insists on one of these. */
export function essential(...values: string[]): string {
  return JSON.stringify({ id_token: { acr: { essential: true, values } } })
}

/** What an authenticator app shows now. */
export type Authenticator = () => string

/** Gives the person with this address an authenticator, as if it had been set up before. */
export async function addAuthenticator(
  service: Service,
  address: string,
  { proven = true }: { proven?: boolean } = {},
): Promise<Authenticator> {
  const accountId = await accountOf(service, address)
  const secrets = createSecrets([service.env.SECRETS ?? ''])
  const { totp } = createCredentialFactors({ secrets, clock: { now: () => now(service) } })
  const { data, key } = totp.newSeed(accountId)
  await query(
    service.databaseUrl,
    "insert into credential (id, account_id, kind, data, label, proven_at, created_at) values ($1, $2, 'totp', $3, '', $4, $5)",
    [randomBytes(16).toString('base64url'), accountId, data, proven ? now(service) : null, now(service)],
  )
  return () => codeOf(key.replaceAll(' ', ''), Math.floor(now(service).getTime() / 1000))
}

export async function removeAuthenticators(service: Service, address: string): Promise<void> {
  await query(service.databaseUrl, 'delete from credential where account_id = $1', [await accountOf(service, address)])
}

/** Makes the person's sessions say that they prove so much. */
export async function proveLevel(service: Service, address: string, level: 1 | 2 | 3): Promise<void> {
  await query(
    service.databaseUrl,
    `update oidc_record set payload = jsonb_set(payload, '{acr}', to_jsonb($2::text)) where model = 'Session' and account_id = $1`,
    [await accountOf(service, address), `urn:doorward:acr:${level}`],
  )
}

/** Gives the person a number, as if they had proven it. */
export async function addNumber(service: Service, address: string, number: string): Promise<void> {
  await query(
    service.databaseUrl,
    "insert into address (kind, canonical, account_id, primary_from, usable_from, proven_at, created_at) values ('phone', $1, $2, $3, $3, $3, $3)",
    [number, await accountOf(service, address), now(service)],
  )
}

export async function forgetDevices(service: Service, address: string): Promise<void> {
  await query(service.databaseUrl, 'delete from remembered_device where account_id = $1', [await accountOf(service, address)])
}

/** The attempt to sign in with this address asks for nothing any more, as a fault of ours might have it. */
export async function forgetRequirement(service: Service, address: string): Promise<void> {
  await query(
    service.databaseUrl,
    `update attempt set requirement = '{"secondFactor": "off", "acr": null}' where id in (select attempt_id from challenge where target = $1)`,
    [address],
  )
}

export interface StepUpOptions {
  app?: App
  verifier?: string
  beforeAnswer?(): Promise<unknown>
  /** Choose not to be asked again in this browser. */
  remember?: boolean
}

/** A person who is signed in proves their authenticator too; answers where they are led in the end. */
export async function stepUp(
  stage: Stage,
  visitor: Visitor,
  parameters: Parameters,
  authenticator: Authenticator,
  { app = appOf(stage), verifier = newVerifier(), beforeAnswer = async () => {}, remember = false }: StepUpOptions = {},
): Promise<URL> {
  const choice = await visitor.open(authorizeUrl(stage.service, app, verifier, parameters))
  const way = choice.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'totp'))
  if (!way) throw new Error(`no authenticator is asked for on ${choice.url}: ${choice.words}`)
  const page = await visitor.follow(await visitor.submit(way, {}, 'totp'))
  const form = formWith(page, 'code')
  if (!form) throw new Error(`no code is asked for on ${page.url}: ${page.words}`)
  await beforeAnswer()
  const end = await visitor.follow(await visitor.submit(form, { code: authenticator(), ...(remember && { remember: 'on' }) }))
  return new URL(end.location ?? end.url)
}

async function accountOf(service: Service, address: string): Promise<string> {
  const [row] = await query<{ id: string }>(service.databaseUrl, 'select account_id as id from address where canonical = $1', [
    address,
  ])
  if (!row) throw new Error(`${address} has no account`)
  return row.id
}

function now(service: Service): Date {
  return new Date(Date.now() + service.clockSeconds * 1000)
}
