import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, authorize, authorizeUrl, newVerifier, redeem, silently, tokensOf } from './protocol.ts'

const REDIRECT = 'https://crm.contoso.example/callback'
const NATIVE = 'http://127.0.0.1/callback'
const crm: App = { id: 'crm', secret: null, redirectUri: REDIRECT }
const native: App = { id: 'native', secret: null, redirectUri: NATIVE }

let stage: Stage

beforeAll(async () => {
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS },
    clients: [
      {
        client_id: 'crm',
        client_name: 'Contoso CRM',
        token_endpoint_auth_method: 'none',
        redirect_uris: [REDIRECT],
        made_by: 'Contoso',
      },
      { client_id: 'native', token_endpoint_auth_method: 'none', application_type: 'native', redirect_uris: [NATIVE] },
    ],
  })
})
afterAll(() => stage.stop())

const consents = async (email: string) =>
  query<{ client_id: string; scopes: string[] }>(
    stage.service.databaseUrl,
    'select client_id, scopes from consent c join address a on a.account_id = c.account_id where a.canonical = $1 order by 1',
    [email],
  )

describe('R-039 an application of somebody else', () => {
  test('R-039 asks once, names itself and what it would see; then it is remembered, in other browsers too', async () => {
    const email = 'agrees@fabrikam.example'
    const { visitor } = await authorize(stage, appOf(stage), { email })
    const asked = await visitor.open(authorizeUrl(stage.service, crm, newVerifier()))
    expect(asked.words).toMatch(/Contoso CRM/)
    expect(asked.words).toMatch(email)
    expect(asked.forms.flatMap(({ buttons }) => buttons.map(({ value }) => value))).toEqual(
      expect.arrayContaining(['allow', 'cancel']),
    )
    expect(await consents(email)).toEqual([])

    expect((await authorize(stage, crm, { email, visitor })).code).not.toBe('')
    expect(await consents(email)).toEqual([{ client_id: 'crm', scopes: expect.arrayContaining(['openid', 'email', 'profile']) }])
    expect((await silently(stage, crm, visitor, { prompt: 'none' }))?.searchParams.has('code')).toBe(true)
    const elsewhere = (await authorize(stage, appOf(stage), { email })).visitor
    expect((await silently(stage, crm, elsewhere, { prompt: 'none' }))?.searchParams.has('code')).toBe(true)
  })

  test('R-039 asks again for more, and for less it does not', async () => {
    const email = 'more@fabrikam.example'
    const { visitor } = await authorize(stage, crm, { email, parameters: { scope: 'openid email' } })
    expect((await silently(stage, crm, visitor, { scope: 'openid', prompt: 'none' }))?.searchParams.has('code')).toBe(true)
    const more = { scope: 'openid email profile' }
    expect((await silently(stage, crm, visitor, { ...more, prompt: 'none' }))?.searchParams.get('error')).toBe('consent_required')
    expect(await silently(stage, crm, visitor, more)).toBeNull()
    const { body } = await tokensOf(stage, crm, { email, visitor, parameters: more })
    expect(String(body.scope).split(' ').sort()).toEqual(['email', 'openid', 'profile'])
    expect((await silently(stage, crm, visitor, { ...more, prompt: 'none' }))?.searchParams.has('code')).toBe(true)
  })

  test('R-039 asks without the agreement of another person, or for another application, counting for anything', async () => {
    await authorize(stage, crm, { email: 'one@fabrikam.example' })
    const { visitor } = await authorize(stage, appOf(stage), { email: 'two@fabrikam.example' })
    expect((await silently(stage, crm, visitor, { prompt: 'none' }))?.searchParams.get('error')).toBe('consent_required')
  })

  test('R-039 is asked for again with prompt=consent', async () => {
    const email = 'forced@fabrikam.example'
    const { visitor } = await authorize(stage, crm, { email })
    expect(await silently(stage, crm, visitor)).not.toBeNull()
    expect(await silently(stage, crm, visitor, { prompt: 'consent' })).toBeNull()
  })

  test('R-013, R-039 is told when the person does not agree, and nothing is remembered', async () => {
    const email = 'cancels@fabrikam.example'
    const { answer, visitor } = await authorize(stage, crm, { email, consent: 'cancel' })
    expect(Object.fromEntries(answer)).toMatchObject({ error: 'access_denied', state: 'the-state', iss: stage.service.issuer })
    expect(answer.has('code')).toBe(false)
    expect(await consents(email)).toEqual([])
    expect((await silently(stage, crm, visitor, { prompt: 'none' }))?.searchParams.get('error')).toBe('consent_required')
  })

  test('R-012 gets a refresh token only when it asks for offline access and the person agrees to that', async () => {
    const email = 'offline@fabrikam.example'
    const without = await tokensOf(stage, crm, { email })
    expect(without.body).not.toHaveProperty('refresh_token')
    const parameters = { scope: 'openid email offline_access', prompt: 'consent' }
    const issued = await authorize(stage, crm, { email, visitor: without.visitor, parameters })
    expect((await redeem(stage.service, crm, issued)).body).toHaveProperty('refresh_token')
  })

  test('R-039 that runs on a device asks every time: anybody there could pretend to be it', async () => {
    const email = 'native@fabrikam.example'
    const { visitor } = await authorize(stage, native, { email })
    for (let count = 0; count < 2; count++) {
      expect(await silently(stage, native, visitor)).toBeNull()
      const none = await silently(stage, native, visitor, { prompt: 'none' })
      expect(none?.searchParams.has('code')).toBe(false)
      expect(none?.searchParams.get('error')).toMatch(/_required$/)
      expect((await authorize(stage, native, { email, visitor })).code).not.toBe('')
    }
  })

  test('an agreement is given in the browser of the person alone', async () => {
    const { visitor } = await authorize(stage, appOf(stage), { email: 'owner@fabrikam.example' })
    const page = await visitor.open(authorizeUrl(stage.service, crm, newVerifier()))
    const form = page.forms.find(({ fields }) => fields.includes('csrf'))
    const stranger = createVisitor(stage.service)
    expect((await stranger.post(form?.action ?? '', { ...form?.values, answer: 'allow' })).status).toBe(400)
    expect(await consents('owner@fabrikam.example')).toEqual([])
  })
})
