import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { snippetsFor } from '../../src/admin/clients/snippets.ts'
import { createText } from '../../src/text/index.ts'
import { type ClientStage, clientStage, ISSUER, WEB_APP } from './admin-clients-stage.ts'
import { closeAll } from './store-support.ts'
import { page } from './text-console-client-parts.ts'
import { assets } from './text-samples.ts'

afterAll(closeAll)

let stage: ClientStage
const API = { id: 'https://api.example', name: 'Orders', scopes: { 'orders:read': 'See your orders' } }
beforeAll(async () => {
  stage = await clientStage()
  await stage.perform('resource-servers.create', API)
})

const ENTITIES = { '&lt;': '<', '&gt;': '>', '&#34;': '"', '&#39;': "'", '&amp;': '&' }
const unescaped = (html: string) => html.replace(/&[^;]+;/g, (one) => ENTITIES[one as keyof typeof ENTITIES] ?? one)

describe('settings to paste', () => {
  const KINDS = [
    { ...WEB_APP, client_id: 's-web' },
    {
      ...WEB_APP,
      client_id: 's-post',
      token_endpoint_auth_method: 'client_secret_post' as const,
      require_pkce: false,
      id_token_signed_response_alg: 'RS256' as const,
    },
    {
      ...WEB_APP,
      client_id: 's-key',
      token_endpoint_auth_method: 'private_key_jwt' as const,
      jwks_uri: 'https://wiki.example/jwks',
    },
    { ...WEB_APP, client_id: 's-spa', template: 'spa' as const },
    { template: 'native' as const, client_id: 's-native', redirect_uris: ['com.example.app:/callback'] },
    { template: 'machine' as const, client_id: 's-machine', resources: [API.id] },
  ]
  const snippets = async (client_id: string) => (await stage.perform('clients.snippets', { client_id })).items
  beforeAll(async () => {
    for (const kind of KINDS) await stage.perform('clients.create', kind)
  })

  test('are for the libraries of the kind, and hold the values of the application', async () => {
    const libraries = Object.fromEntries(
      await Promise.all(
        KINDS.map(async ({ client_id }) => [client_id, (await snippets(client_id)).map(({ library }) => library)]),
      ),
    )
    expect(libraries).toEqual({
      's-web': [
        'openid-client',
        'openid-client/passport',
        ...['Auth.js', 'passport-openidconnect', 'Spring Boot', 'ASP.NET Core', 'Authlib', 'coreos/go-oidc', 'oauth2-proxy'],
      ],
      's-post': libraries['s-web'],
      's-key': ['openid-client', 'openid-client/passport'],
      's-spa': ['oidc-client-ts', 'react-oidc-context', 'angular-auth-oidc-client', 'oauth4webapi'],
      's-native': ['AppAuth-iOS', 'AppAuth-Android', 'flutter_appauth', 'openid-client'],
      's-machine': ['curl', 'openid-client', 'Authlib', 'golang.org/x/oauth2'],
    })
    for (const { client_id } of KINDS) {
      for (const { text } of await snippets(client_id)) {
        expect(text).toContain(client_id)
        expect(text).toContain(ISSUER)
        expect(text).not.toMatch(/'(undefined|null)'|"(undefined|null)"|: (undefined|null)\b|\[object/)
      }
    }
    for (const { text } of await snippets('s-machine')) {
      expect(text).toContain(API.id)
      expect(text).toContain('orders:read')
    }
  })

  test('are programs that can be read: JavaScript parses, and YAML', async () => {
    for (const { client_id } of KINDS) {
      for (const { library, language, text } of await snippets(client_id)) {
        if (['Node.js', 'JavaScript', 'Angular'].includes(language)) stripTypeScriptTypes(text)
        if (library === 'Spring Boot') expect(parse(text)).toHaveProperty('spring.security.oauth2.client.registration.doorward')
      }
    }
    expect(() => stripTypeScriptTypes('const x = = 1')).toThrow() // the reader does tell
  })

  test('of openid-client take an issuer without TLS, as of a trial, and no other', async () => {
    for (const { client_id } of KINDS) {
      const client = await stage.clients.find(client_id)
      for (const issuer of ['http://localhost:4000', ISSUER]) {
        for (const { library, text } of client ? snippetsFor(client, issuer, null) : []) {
          if (!library.startsWith('openid-client')) continue
          const last = /client\.discovery\([^;]*,\s+\{ execute: \[client\.allowInsecureRequests\] \},?\s*\)/
          expect(last.test(stripTypeScriptTypes(text))).toBe(issuer !== ISSUER)
        }
      }
    }
  })

  test('stand on the page as they were answered, with every indentation', async () => {
    const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets })
    const items = await snippets('s-web')
    const html = text.page(
      'console-client',
      { ...page, snippets: items.map(({ text, ...one }) => ({ ...one, body: { text } })) },
      'en',
    )
    const drawn = [...html.matchAll(/<pre[^>]*>([^<]*)<\/pre>/g)].map(([, body = '']) => unescaped(body).trimEnd())
    expect(drawn).toEqual(items.map((one) => one.text.trimEnd()))
  })

  test('say what a library cannot do with this registration, and nothing where it fits', async () => {
    const textOf = async (id: string, library: string) => (await snippets(id)).find((one) => one.library === library)?.text ?? ''
    expect(await textOf('s-web', 'passport-openidconnect')).toContain('knows no PKCE')
    expect(await textOf('s-post', 'passport-openidconnect')).toMatch(/^import/)
    expect(await textOf('s-web', 'ASP.NET Core')).toContain('client_secret_post')
    expect(await textOf('s-post', 'ASP.NET Core')).not.toContain('client_secret_post')
    expect(await textOf('s-web', 'Spring Boot')).toContain('id_token_signed_response_alg: RS256')
    expect(await textOf('s-post', 'Spring Boot')).not.toContain('RS256')
    expect(await textOf('s-web', 'oauth2-proxy')).toContain('code_challenge_method = "S256"')
    expect(await textOf('s-web', 'openid-client')).not.toContain('offline_access')
    expect(await textOf('s-spa', 'oidc-client-ts')).toContain('offline_access')
  })

  test('hold no address that would end a text and go on as a program', async () => {
    const redirect_uris = ["https://wiki.example/a'b", 'https://wiki.example/plain']
    await stage.perform('clients.create', { ...WEB_APP, client_id: 's-quoted', redirect_uris })
    for (const { text } of await snippets('s-quoted')) {
      expect(text).not.toContain("a'b")
      expect(text).toContain('/plain')
    }
  })
})
