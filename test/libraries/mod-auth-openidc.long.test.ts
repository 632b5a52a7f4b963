import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '../faults/fault-tools.ts'
import {
  EMAIL,
  json,
  type RunningLibrary,
  signInAt,
  signOutAt,
  signOutElsewhere,
  startLibrary,
  untilRefreshed,
  visitorOf,
} from './library.ts'

// What stands behind Apache: it says which headers it was sent.
const upstream = createServer((request, response) => response.end(JSON.stringify(request.headers)))
const modules = '/usr/lib/apache2/modules'

let library: RunningLibrary | null
beforeAll(async () => {
  await new Promise<void>((listening) => upstream.listen(0, '127.0.0.1', listening))
  library = await startLibrary({
    name: 'mod-auth-openidc',
    needs: [
      ['apache2', '-v'],
      ['test', '-e', `${modules}/mod_auth_openidc.so`],
    ],
    prepare: writeServer,
    start: ['apache2', '-f', 'server.conf', '-d', '.', '-D', 'FOREGROUND'],
    env: { UPSTREAM: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` },
    // So short that it refreshes at every request.
    registration: { access_token_ttl: '30s' },
  })
}, 180_000)
afterAll(async () => {
  await library?.stop()
  upstream.close()
})

/** What every server has around the example. */
function writeServer(folder: string, { ORIGIN = '' }: Readonly<Record<string, string>>): void {
  const load = 'mpm_event authn_core authz_core authz_user headers proxy proxy_http auth_openidc'
  const lines = load.split(' ').map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`)
  mkdirSync(join(folder, 'run'))
  lines.push(`Listen ${new URL(ORIGIN).host}`, 'ServerName 127.0.0.1', `DefaultRuntimeDir ${folder}/run`)
  lines.push(`PidFile ${folder}/run/pid`, `ErrorLog ${folder}/run/errors`, 'Include doorward.conf')
  if (process.getuid?.() === 0) lines.push('User www-data', 'Group www-data')
  writeFileSync(join(folder, 'server.conf'), `${lines.join('\n')}\n`)
}

describe('Apache with mod_auth_openidc in front of an application', () => {
  test('lets in who signed in, tells the application who it is and no token, refreshes, and signs out', async () => {
    if (!library) return
    const { origin } = library
    const visitor = visitorOf(library)
    const page = await signInAt(library, visitor, `${origin}/reports`)
    const headers = JSON.parse(page.text) as Record<string, string>
    expect(headers).toMatchObject({ oidc_claim_sub: expect.stringMatching(/^[\w-]{22}$/), oidc_claim_email: EMAIL })
    expect(Object.keys(headers).filter((name) => /_token$/.test(name))).toEqual([])
    for (const count of [1, 2]) {
      expect(await json(visitor, `${origin}/reports`)).toMatchObject({ oidc_claim_email: EMAIL })
      await untilRefreshed(library, count)
    }
    const leaving = await visitor.get(`${origin}/oidc?logout=${encodeURIComponent(`${origin}/signed-out`)}`)
    expect((await signOutAt(library, visitor, leaving)).url).toBe(`${origin}/signed-out`)
    expect((await visitor.get(`${origin}/reports`)).status).toBe(302)
  })

  test('nobody pretends to be somebody by a header', async () => {
    if (!library) return
    const visitor = visitorOf(library)
    await signInAt(library, visitor, `${library.origin}/reports`)
    const { text } = await visitor.get(`${library.origin}/reports`, { oidc_claim_email: 'boss@fabrikam.example' })
    expect(JSON.parse(text)).toMatchObject({ oidc_claim_email: EMAIL })
  })

  test('R-042 is told when the session ends elsewhere, and of no other session', async () => {
    if (!library) return
    const { origin } = library
    const [visitor, other] = [visitorOf(library), visitorOf(library)]
    for (const one of [visitor, other]) await signInAt(library, one, `${origin}/reports`)
    await signOutElsewhere(library, visitor)
    await until('it has heard of it', async () => (await visitor.get(`${origin}/reports`)).status === 302)
    expect(await json(other, `${origin}/reports`)).toMatchObject({ oidc_claim_email: EMAIL })
  })
})
