import { randomBytes } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { startDemo } from '../../examples/relying-app/server.ts'
import { until } from '../faults/fault-tools.ts'
import { startMailbox } from '../support/mailbox.ts'
import { createVisitor, formWith, signIn } from '../support/person.ts'
import { freePorts } from '../support/ports.ts'
import { startService } from '../support/service.ts'
import { lacking } from './account-walk.ts'

test('R-042 the demo application signs out whoever signs out at the provider', async () => {
  const [demoPort = 0] = await freePorts(1)
  const origin = `http://127.0.0.1:${demoPort}`
  const secret = randomBytes(32).toString('base64url')
  const mailbox = await startMailbox()
  const service = await startService({
    smtpUrl: mailbox.url,
    env: { DEMO_SECRET: secret },
    clients: {
      clients: [
        {
          ...{ client_id: 'demo', client_secret_env: 'DEMO_SECRET', first_party: true },
          redirect_uris: [`${origin}/callback`],
          backchannel_logout_uri: `${origin}/backchannel-logout`,
          backchannel_logout_session_required: true,
        },
      ],
    },
  })
  const options = { issuer: service.issuer, clientId: 'demo', clientSecret: secret, port: demoPort, host: '127.0.0.1' }
  const demo = await startDemo(options)
  const visitor = createVisitor(service)
  const { location } = await visitor.get(`${origin}/sign-in`)
  const back = await signIn(service, mailbox, { authorizeUrl: location ?? '', email: 'demo@fabrikam.example', visitor })
  await visitor.follow(await visitor.get(back))
  const isIn = async () => (await visitor.get(`${origin}/`)).words.includes('demo@fabrikam.example')
  expect(await isIn()).toBe(true)
  const page = await visitor.get(`${service.issuer}/logout`)
  await visitor.submit(formWith(page, 'xsrf') ?? lacking(page), {}, 'yes')
  await until('the demo has heard of it', async () => !(await isIn()), 20)
  const forged = await fetch(`${origin}/backchannel-logout`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: 'x.y.z' }),
  })
  expect(forged.status).toBe(400)
  await service.stop()
  await Promise.all([demo.stop(), mailbox.stop()])
})
