import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { type Ran, run } from '../rooms/cli-support.ts'
import { type Administrator, createAdministrator, proveAll, startAdminStage } from '../support/admin.ts'
import type { Stage } from '../support/stage.ts'
import { afterFirst, tokenOf, typing } from './second-standing.ts'

/** The service's own names for the levels. */
const LEVELS = ['one', 'two', 'three']

let stage: Stage
let ada: Administrator

beforeAll(async () => {
  stage = await startAdminStage({ env: { ACR_NAMES: LEVELS.join(' ') } })
  ada = await createAdministrator(stage, 'ada@fabrikam.example')
}, 60_000)
afterAll(() => stage?.stop())

/** `doorward login`, and what its line for `eval` puts into the shell. */
async function login(): Promise<Record<string, string>> {
  const ran = await new Promise<Ran>((resolve, reject) => {
    const browse = (url: string) =>
      void proveAll(ada, url)
        .then((answer) => fetch(answer))
        .catch(reject)
    run(['--url', stage.service.issuer, 'login'], { browse }).then(resolve, reject)
  })
  expect([ran.code, ran.out.length]).toEqual([0, 1])
  return Object.fromEntries([...(ran.out[0] ?? '').matchAll(/(DOORWARD_\w+)='([^']*)'/g)].map(([, name, value]) => [name, value]))
}

test('R-177, R-069 where this browser is remembered `doorward login` asks for two factors all the same, and its token reads and changes', async () => {
  const first = await afterFirst(stage, ada.address)
  const { visitor } = await typing(first, ada.authenticator(), { remember: 'yes' })
  await stage.moveClock(30)
  const again = await afterFirst(stage, ada.address, { visitor })
  expect(await tokenOf(stage, again)).toMatchObject({ acr: 'one' }) // nobody asked for more
  ada = { ...ada, visitor }

  const env = await login()
  expect(Object.keys(env)).toEqual(['DOORWARD_URL', 'DOORWARD_ISSUER', 'DOORWARD_TOKEN'])
  expect(decodeJwt(env.DOORWARD_TOKEN ?? '')).toMatchObject({ acr: 'three', sub: ada.accountId })
  const list = await run(['clients', 'list', '--json'], { env })
  expect([list.code, list.err]).toEqual([0, []])
  const web = ['clients', 'create', '--template', 'web', '--client-id', 'shop', '--client-name', 'Shop']
  const made = await run([...web, '--redirect-uris', 'https://shop.example/callback'], { env })
  expect([made.code, made.err]).toEqual([0, []])
}, 30_000)
