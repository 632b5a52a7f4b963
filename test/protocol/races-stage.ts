import { expect } from '@jest/globals'
import { query } from '../support/database.ts'
import type { Form } from '../support/html.ts'
import { type Answer, send } from '../support/http.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { type App, appOf, authorizeUrl, newVerifier, type Reply } from './protocol.ts'

const REDIRECT = 'https://apps.fabrikam.example/callback'

export const EMAIL_CAP = 60

/** Three applications of two instances on one database, and what is sent to both at once. */
export async function startRaces() {
  const apps: App[] = ['one', 'two', 'three'].map((id) => ({ id, secret: null, redirectUri: REDIRECT }))
  const stage = await startPairStage({
    env: { LIMITS: GENEROUS_LIMITS.replace('email:10000', `email:${EMAIL_CAP}`) },
    clients: apps.map(({ id }) => ({
      client_id: id,
      token_endpoint_auth_method: 'none',
      redirect_uris: [REDIRECT],
      first_party: true,
    })),
  })
  const app = appOf(stage)

  /** The same thing `count` times at once, by turns at the two instances. */
  function atOnce<T>(count: number, work: (instance: Service, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => work(index % 2 === 0 ? stage.service : stage.second, index)))
  }

  const count = async (sql: string, values: readonly unknown[]) =>
    Number((await query<{ count: string }>(stage.service.databaseUrl, `select count(*) as count from ${sql}`, values))[0]?.count)

  /** Goes as far as the page that waits for the code. */
  async function waiting(email: string, visitor = createVisitor(stage.service)): Promise<{ visitor: Visitor; page: Page }> {
    const start = await visitor.open(authorizeUrl(stage.service, app, newVerifier()))
    const page = await visitor.follow(await visitor.submit(formOf(start, 'identifier'), { identifier: email }))
    return { visitor, page }
  }

  /** A form of this browser, sent to one of the instances, as often as one likes. */
  function posting(visitor: Visitor, form: Pick<Form, 'action' | 'values'>, fields: Record<string, string> = {}) {
    const cookie = visitor.jar.header(form.action) ?? ''
    const headers = { cookie, origin: stage.service.issuer, 'sec-fetch-site': 'same-origin' }
    return (via: Service): Promise<Answer> => send(form.action, { body: { ...form.values, ...fields }, headers, via })
  }

  return { stage, app, apps, atOnce, count, waiting, posting }
}

export type Races = Awaited<ReturnType<typeof startRaces>>

export function formOf(page: Page, field: string): Form {
  const form = formWith(page, field)
  if (!form) throw new Error(`${page.url} has no field ${field}: ${page.words}`)
  return form
}

export function statuses(answers: readonly { status: number }[]): Record<number, number> {
  const counted: Record<number, number> = {}
  for (const { status } of answers) counted[status] = (counted[status] ?? 0) + 1
  return counted
}

/** At most one may win (a loser that comes late takes the winner's tokens away again), and nobody sees a failure. */
export function expectOneWinnerAtMost(answers: readonly Reply[]): void {
  const won = answers.filter(({ status }) => status === 200)
  expect(won.length).toBeLessThanOrEqual(1)
  for (const { status, body } of answers.filter((answer) => !won.includes(answer))) {
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_grant' })
  }
}
