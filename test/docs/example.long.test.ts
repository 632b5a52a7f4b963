import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { addAuthenticator, THREE } from '../protocol/second-walk.ts'
import { createVisitor, formWith, signIn, type Visitor } from '../support/person.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { blocksOf, isScript } from './blocks.ts'
import { openShell, type Shell } from './shell.ts'

// The example of docs/for-applications.md, and its step-up, as an application that was written by them.

const EMAIL = 'ada@fabrikam.example'

interface Flow {
  url: string
  verifier: string
  state: string
  nonce: string
}

let stage: Stage
let shell: Shell
let visitor: Visitor

beforeAll(async () => {
  stage = await startStage()
  const { clientId, clientSecret } = stage.relyingParty
  const env = { ISSUER: stage.service.issuer, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret ?? '' }
  shell = await openShell(env, [])
  const scripts = blocksOf('docs/for-applications.md').filter(isScript)
  shell.write('example.mjs', scripts.map(({ text }) => text).join('\n'))
  visitor = createVisitor(stage.service)
})
afterAll(async () => {
  await shell?.close()
  await stage?.stop()
})

/** Runs one function of the example with these arguments; answers what it answers, as JSON carries it. */
async function ask<T>(name: string, ...given: unknown[]): Promise<T> {
  shell.write('given.json', JSON.stringify(given))
  shell.write(
    'ask.mjs',
    `import { readFileSync } from 'node:fs'
import * as example from './example.mjs'
const given = JSON.parse(readFileSync('given.json', 'utf8'))
console.log(JSON.stringify(await example.${name}(...given)))`,
  )
  const { status, output } = await shell.run('node ask.mjs')
  if (status !== 0) throw new Error(output)
  return JSON.parse(output) as T
}

test('the example of the page signs somebody in, and its step-up asks for their authenticator and looks at the answer', async () => {
  const { service, mailbox, relyingParty } = stage
  const begun = await ask<Flow>('begin', relyingParty.redirectUri)
  const answered = await signIn(service, mailbox, { authorizeUrl: begun.url, email: EMAIL, visitor })
  const who = await ask<{ sub: string; email: string; tokens: { id_token: string } }>('finish', answered, begun)
  expect(who).toMatchObject({ email: EMAIL, sub: expect.any(String) })

  const again = await ask<Flow>('begin', relyingParty.redirectUri)
  const weak = (await visitor.open(again.url)).location
  await expect(ask('finishStepUp', weak, again, who.sub)).rejects.toThrow(/the proof is too weak/)

  const authenticator = await addAuthenticator(service, EMAIL)
  const flow = await ask<Flow>('beginStepUp', relyingParty.redirectUri, who.tokens.id_token, EMAIL)
  let page = await visitor.open(flow.url)
  const way = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'totp'))
  if (way) page = await visitor.follow(await visitor.submit(way, {}, 'totp'))
  const form = formWith(page, 'code')
  if (!form) throw new Error(`no code is asked for: ${page.words}`)
  const { location } = await visitor.follow(await visitor.submit(form, { code: authenticator() }))
  const tokens = await ask<{ id_token: string }>('finishStepUp', location, flow, who.sub)
  const [, claims = ''] = tokens.id_token.split('.')
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ sub: who.sub, acr: THREE })
}, 120_000)
