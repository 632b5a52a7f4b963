import { expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { createDocuments } from '../../src/oidc/documents.ts'

const ISSUER = 'https://id.fabrikam.example'

async function engineWith(kid: string): Promise<Provider> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const engine = new Provider(ISSUER, {
    adapter: (() => ({})) as never, // nothing is stored
    features: { devInteractions: { enabled: false } },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid, use: 'sig', alg: 'ES256' }] },
  })
  engine.proxy = true
  return engine
}

test('R-045 from the moment that other keys are in service, the former document is not to be had any more', async () => {
  const documents = createDocuments(ISSUER)
  const text = (path: string) => documents.at(path)?.forms.identity.bytes.toString()
  const [first, second] = [await engineWith('first'), await engineWith('second')]
  expect(text('/jwks')).toBeUndefined()
  documents.takeFrom(first)
  await new Promise(setImmediate)
  const etag = documents.at('/jwks')?.forms.identity.etag
  expect(text('/jwks')).toContain('"kid":"first"')

  documents.takeFrom(second)
  expect(text('/jwks')).toBeUndefined()
  await new Promise(setImmediate)
  expect(text('/jwks')).toContain('"kid":"second"')
  expect(documents.at('/jwks')?.forms.identity.etag).not.toBe(etag)

  // An engine that answers late is not believed any more.
  documents.takeFrom(first)
  documents.takeFrom(second)
  await new Promise(setImmediate)
  expect(text('/jwks')).toContain('"kid":"second"')
})

test('R-014 each URL in it is of the issuer', async () => {
  const documents = createDocuments(ISSUER)
  documents.takeFrom(await engineWith('only'))
  await new Promise(setImmediate)
  const text = String(documents.at('/.well-known/openid-configuration')?.forms.identity.bytes)
  const urls = Object.values(JSON.parse(text)).filter((value) => /^https?:/.test(String(value)))
  expect(urls.length).toBeGreaterThan(4)
  expect(urls.filter((url) => !String(url).startsWith(ISSUER))).toEqual([])
})
