import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type App, appOf, authorize, redeem, refresh, reply, tokensOf } from '../protocol/protocol.ts'
import { addRecoveryCodes, afterFirst, toRecovery } from '../protocol/second-standing.ts'
import { addAuthenticator } from '../protocol/second-walk.ts'
import { posting, withField } from '../protocol/text-walk.ts'
import { type Answer, send } from '../support/http.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import { ask } from './fault-tools.ts'

// Everything that is good for once, fifty times at the same moment at two instances, round after round. Pushed
// authorization requests and WebAuthn challenges are not on offer.

const ROUNDS = Number(process.env.RACE_ROUNDS ?? 200)
const AT_ONCE = 50
const MINUTES = 20
const STEP_SECONDS = 30

let stage: Awaited<ReturnType<typeof startPairStage>>
let app: App
let key: CryptoKey

beforeAll(async () => {
  const pair = await generateKeyPair('ES256')
  key = pair.privateKey
  stage = await startPairStage({
    env: { LIMITS: GENEROUS_LIMITS, LOG_LEVEL: 'warn' },
    clients: [
      {
        client_id: 'by-key',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }] },
        grant_types: ['client_credentials'],
      },
    ],
  })
  app = appOf(stage)
})
afterAll(() => stage?.stop())

type Given = Pick<Answer, 'status' | 'headers'>
type Post = (via: Service) => Promise<Given>

/** Fifty at once, by turns at both; answers how many won. A loser gets an answer of its own, never one of 5xx. */
async function winnersOf(post: Post, won: (answer: Given) => boolean): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) => post(index % 2 === 0 ? stage.service : stage.second)),
  )
  const failed = answers.filter(({ status }) => status >= 500)
  if (failed.length > 0) throw new Error(`${failed.length} failed: ${stage.service.output()}${stage.second.output()}`)
  return answers.filter(won).length
}

const goesOn = ({ headers }: Given) => leadsOn(headers.location)
const isOk = ({ status }: Given) => status === 200

/** So many rounds, each with something new; tells how many rounds had how many winners. */
async function rounds(what: string, prepare: (round: number) => Promise<Post>, won: typeof isOk): Promise<void> {
  const counted: Record<number, number> = {}
  for (let round = 0; round < ROUNDS; round++) {
    const winners = await winnersOf(await prepare(round), won)
    counted[winners] = (counted[winners] ?? 0) + 1
  }
  process.stdout.write(`F-22 ${what}: ${ROUNDS} rounds of ${AT_ONCE} at once; rounds by winners ${JSON.stringify(counted)}\n`)
  expect(counted).toEqual({ 1: ROUNDS })
}

describe('F-22, S-2 what is good for once, fifty times at once over two instances, has one winner in every round', () => {
  test(
    'the link of a mail',
    () =>
      rounds(
        'link',
        async (round) => {
          const email = `link-${round}@fabrikam.example`
          const { visitor } = await ask(stage, email)
          const opened = await visitor.get((await stage.mailbox.next(email)).link ?? '')
          const form = opened.forms.find(({ method }) => method === 'POST')
          if (!form) throw new Error(opened.words)
          return posting(visitor, form)
        },
        goesOn,
      ),
    MINUTES * 60_000,
  )

  test(
    'the code of a mail',
    () =>
      rounds(
        'code',
        async (round) => {
          const email = `code-${round}@fabrikam.example`
          const { visitor, page } = await ask(stage, email)
          const { code } = await stage.mailbox.next(email)
          return posting(visitor, withField(page, 'code'), { code: code ?? '' })
        },
        goesOn,
      ),
    MINUTES * 60_000,
  )

  test(
    'the code of an authenticator',
    async () => {
      const email = 'totp@fabrikam.example'
      await stage.signIn(email)
      const authenticator = await addAuthenticator(stage.service, email)
      await rounds(
        'TOTP',
        async () => {
          await stage.moveClock(STEP_SECONDS)
          const { visitor, page } = await afterFirst(stage, email)
          return posting(visitor, withField(page, 'code'), { code: authenticator() })
        },
        goesOn,
      )
    },
    MINUTES * 60_000,
  )

  test(
    'a recovery code',
    async () => {
      let codes: string[] = []
      let email = ''
      await rounds(
        'recovery code',
        async (round) => {
          if (codes.length < 2) {
            email = `recovery-${round}@fabrikam.example`
            await stage.signIn(email)
            await addAuthenticator(stage.service, email)
            codes = await addRecoveryCodes(stage.service, email)
          }
          const { visitor, page } = await toRecovery(await afterFirst(stage, email))
          return posting(visitor, withField(page, 'code'), { code: codes.pop() ?? '' })
        },
        goesOn,
      )
    },
    MINUTES * 60_000,
  )

  test(
    'an authorization code',
    async () => {
      const { visitor } = await authorize(stage, app, { email: 'code-grant@fabrikam.example' })
      await rounds(
        'authorization code',
        async () => {
          const issued = await authorize(stage, app, { email: 'x', visitor })
          return (via) => redeem(stage.service, app, issued, {}, via)
        },
        isOk,
      )
    },
    MINUTES * 60_000,
  )

  test(
    'a refresh token',
    async () => {
      const { visitor } = await authorize(stage, app, { email: 'refresh@fabrikam.example' })
      await rounds(
        'refresh token',
        async () => {
          const { body } = await tokensOf(stage, app, { email: 'x', visitor })
          return (via) => refresh(stage.service, app, body.refresh_token, {}, via)
        },
        isOk,
      )
    },
    MINUTES * 60_000,
  )

  test(
    'a client assertion (jti)',
    () =>
      rounds(
        'assertion',
        async () => {
          const at = Math.floor(Date.now() / 1000) + stage.service.clockSeconds
          const claims = { iss: 'by-key', sub: 'by-key', aud: stage.service.issuer, jti: randomUUID(), iat: at, exp: at + 60 }
          const body = {
            grant_type: 'client_credentials',
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(key),
          }
          return async (via) => reply(await send(`${stage.service.issuer}/token`, { body, via }))
        },
        isOk,
      ),
    MINUTES * 60_000,
  )
})
