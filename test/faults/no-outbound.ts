import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freshDatabase } from '../support/database.ts'
import { send } from '../support/http.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'
import { createVisitor, signIn } from '../support/person.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'

const ISSUER = 'https://id.fabrikam.example'
const CALLBACK = 'https://app.fabrikam.example/callback'
const CLIENTS = `clients:
  - client_id: app
    client_name: App
    first_party: true
    redirect_uris: [${CALLBACK}]
    token_endpoint_auth_method: none
`

/** The settings of a production start on loopback, and all that it is given. */
export interface Production {
  env: Record<string, string>
  port: number
  /** Where it may connect to. */
  named: string[]
  /** Signs somebody in by mail, up to the tokens. Answers the status of the token answer. */
  signSomebodyIn(): Promise<number>
  stop(): Promise<void>
}

export async function stageProduction(): Promise<Production> {
  const databaseUrl = await freshDatabase()
  const mailbox: Mailbox = await startMailbox()
  const [port] = await freePorts(3)
  const folder = await tempFolder('production')
  await writeFile(join(folder, 'clients.yaml'), CLIENTS)

  async function signSomebodyIn(): Promise<number> {
    const via = { issuer: ISSUER, port, clockSeconds: 0 }
    const verifier = randomBytes(32).toString('base64url')
    const asked = new URLSearchParams({
      ...{ client_id: 'app', redirect_uri: CALLBACK, response_type: 'code', scope: 'openid email', state: 's', nonce: 'n' },
      ...{ code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' },
    })
    const answerUrl = await signIn(via, mailbox, {
      authorizeUrl: `${ISSUER}/authorize?${asked}`,
      email: 'somebody@fabrikam.example',
      visitor: createVisitor(via),
    })
    const body = {
      ...{ grant_type: 'authorization_code', client_id: 'app', redirect_uri: CALLBACK, code_verifier: verifier },
      code: new URL(answerUrl).searchParams.get('code') ?? '',
    }
    return (await send(`${ISSUER}/token`, { body, via })).status
  }

  return {
    env: {
      NODE_ENV: 'production',
      ISSUER,
      DATABASE_URL: databaseUrl,
      SECRETS: randomBytes(32).toString('base64url'),
      SMTP_URL: mailbox.url,
      MAIL_FROM: 'Doorward <id@fabrikam.example>',
      CLIENTS_FILE: join(folder, 'clients.yaml'),
      TRUSTED_PROXIES: '0',
      HOST: '127.0.0.1',
      PORT: String(port),
      OPS_PORT: String(port + 2),
      DATA_DIR: folder,
    },
    port,
    named: [databaseUrl, mailbox.url].map((url) => new URL(url).host).sort(),
    signSomebodyIn,
    stop: () => mailbox.stop(),
  }
}
