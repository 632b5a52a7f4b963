import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { freshDatabase, query } from '../support/database.ts'
import { freePorts } from '../support/ports.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, ask, newSecret, refresh, tokensOf, userinfo } from './protocol.ts'

const secret = newSecret()
const REDIRECT = 'https://other.fabrikam.example/callback'
const other: App = { id: 'other-app', secret, redirectUri: REDIRECT }

/** Stands between the service and its database and can be cut. */
interface Line {
  url: string
  cut(): Promise<void>
  mend(): Promise<void>
}

async function lineTo(databaseUrl: string): Promise<Line> {
  const target = new URL(databaseUrl)
  const [port] = await freePorts(1)
  const sockets = new Set<Socket>()
  let server: Server
  const mend = async () => {
    server = createServer((near) => {
      const far = connect(Number(target.port), target.hostname)
      for (const [one, two] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one.on('error', () => two.destroy()).on('close', () => two.destroy()))
        one.pipe(two)
      }
    })
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  }
  await mend()
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    cut: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      sockets.clear()
      return closed
    },
    mend,
  }
}

let stage: Stage
let app: App
let line: Line
let databaseUrl: string

beforeAll(async () => {
  databaseUrl = await freshDatabase()
  line = await lineTo(databaseUrl)
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS, OTHER_SECRET: secret, DATABASE_URL: line.url, DATABASE_DIRECT_URL: databaseUrl },
    clients: [{ client_id: 'other-app', client_secret_env: 'OTHER_SECRET', redirect_uris: [REDIRECT], first_party: true }],
  })
  app = appOf(stage)
})
afterAll(async () => {
  await stage.stop()
  await line.cut()
})

const revoke = (client: App | null, token: unknown, more = {}) =>
  ask(stage.service, '/revoke', client, { token: String(token), ...more })

describe('revocation', () => {
  test('R-026 ends an access token at once, and answers an empty 200 that is nothing in particular', async () => {
    const { body } = await tokensOf(stage, app, { email: 'access@fabrikam.example' })
    const answer = await revoke(app, body.access_token, { token_type_hint: 'access_token' })
    expect({ status: answer.status, text: answer.text, type: answer.headers['content-type'] }).toEqual({
      status: 200,
      text: '',
      type: undefined,
    })
    expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
  })

  test('R-026 of a refresh token ends the access tokens that came of it', async () => {
    const { body } = await tokensOf(stage, app, { email: 'refresh@fabrikam.example' })
    expect((await revoke(app, body.refresh_token, { token_type_hint: 'refresh_token' })).status).toBe(200)
    expect(await refresh(stage.service, app, body.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
  })

  test('R-026 of what nobody knows is done already: 200', async () => {
    const { body } = await tokensOf(stage, app, { email: 'unknown@fabrikam.example' })
    await revoke(app, body.refresh_token)
    for (const token of ['unknown', body.refresh_token, `${body.access_token}x`]) {
      const answer = await revoke(app, token)
      expect({ status: answer.status, text: answer.text, type: answer.headers['content-type'] }).toEqual({
        status: 200,
        text: '',
        type: undefined,
      })
    }
  })

  test('R-026 by another client, or by nobody, ends nothing', async () => {
    const { body } = await tokensOf(stage, app, { email: 'foreign@fabrikam.example' })
    await revoke(other, body.access_token)
    await revoke(other, body.refresh_token)
    expect((await revoke({ ...app, secret: null }, body.access_token)).status).toBe(401)
    expect((await revoke(null, body.access_token)).status).toBe(400)
    expect((await userinfo(stage.service, body.access_token)).status).toBe(200)
    expect((await refresh(stage.service, app, body.refresh_token)).status).toBe(200)
  })

  test('R-027 is reported only when it was written: without the database it is a failure, and the token lives on', async () => {
    const { body } = await tokensOf(stage, app, { email: 'outage@fabrikam.example' })
    await line.cut()
    const failed = await revoke(app, body.refresh_token)
    expect(failed.status).toBe(503)
    expect(Number(failed.headers['retry-after'])).toBeGreaterThan(0)
    await line.mend()
    expect((await userinfo(stage.service, body.access_token)).status).toBe(200)
    expect((await revoke(app, body.refresh_token)).status).toBe(200)
    expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
  })

  test('R-027 is not reported either when the last write alone fails', async () => {
    const { body } = await tokensOf(stage, app, { email: 'unwritten@fabrikam.example' })
    await query(
      databaseUrl,
      `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'disk full' using errcode = '53100'; end $$`,
    )
    await query(databaseUrl, 'create trigger refuse before delete on oidc_record for each row execute function refuse()')
    const failed = await revoke(app, body.refresh_token)
    expect(failed.status).toBe(503)
    await query(databaseUrl, 'drop trigger refuse on oidc_record')
    expect((await refresh(stage.service, app, body.refresh_token)).status).toBe(200)
  })
})
