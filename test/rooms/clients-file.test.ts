import { describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/index.ts'
import { readClientsFile } from '../../src/clients/index.ts'
import { API, clientOf, ENV, type Entry, faults, NATIVE, PUBLIC, read, WEB } from './clients-samples.ts'

describe('R-163 redirects', () => {
  const both = ['redirect_uris', 'post_logout_redirect_uris'] as const
  const judge = (base: Entry, uri: string, trial = false): string[] =>
    both.flatMap((key) =>
      faults({ ...base, [key]: [uri] }, { trial }).map((line) =>
        line.replace(/^clients\[0\]\.(post_logout_)?redirect_uris\[0\]: /, ''),
      ),
    )

  test.each([
    'https://shop.example',
    'https://shop.example/cb',
    'https://shop.example:8443/cb?x=1',
    'https://xn--bcher-kva.example/cb',
  ])('R-163 %s is taken for everybody', (uri) => expect([...judge(WEB, uri), ...judge(NATIVE, uri)]).toEqual([]))

  test.each(['http://127.0.0.1/cb', 'http://[::1]:8080/cb', 'http://localhost:3001/cb'])(
    'R-163 %s is for native clients and trial mode',
    (uri) => {
      expect(judge(NATIVE, uri)).toEqual([])
      expect(judge(WEB, uri, true)).toEqual([])
      expect(judge(WEB, uri)).toEqual(Array(2).fill(expect.stringContaining('must be https')))
    },
  )

  test.each(['com.example.app:/cb', 'com.example.app://cb/x'])(
    'R-163 the private-use scheme of %s is for native clients',
    (uri) => {
      expect(judge(NATIVE, uri)).toEqual([])
      expect(judge(WEB, uri, true)).toEqual(Array(2).fill(expect.stringContaining('native')))
    },
  )

  test.each([
    ['javascript:alert(1)', 'javascript:'],
    ['JavaScript:alert(1)', 'javascript:'],
    ['data:text/html,x', 'data:'],
    ['file:///etc/passwd', 'file:'],
    ['vbscript:x', 'vbscript:'],
    ['blob:https://shop.example/1', 'blob:'],
    ['about:blank', 'about:'],
    ['view-source:https://shop.example/', 'view-source:'],
    ['https://shop.example/cb#x', 'fragment'],
    ['https://shop.example/cb#', 'fragment'],
    ['com.example.app:/cb#x', 'fragment'],
    ['https://user@shop.example/cb', 'user name'],
    ['https://user:pw@shop.example/cb', 'user name'],
    ['https://@shop.example/cb', 'user name'],
    ['https://:@shop.example/cb', 'user name'],
    ['https://*.shop.example/cb', 'wildcard'],
    ['https://shop.example/*', 'wildcard'],
    ['myapp:/cb', 'needs a dot'],
    ['myapp://cb', 'needs a dot'],
    ['ftp://shop.example/cb', 'needs a dot'],
    ['http://shop.example/cb', 'must be https'],
    ['http://127.0.0.1.evil.example/cb', 'must be https'],
    ['http://localhost.evil.example/cb', 'must be https'],
    ['http://10.0.0.1/cb', 'must be https'],
    ['http://2130706433/cb', 'normal form'],
    ['http://0x7f.1/cb', 'normal form'],
    ['https://SHOP.example/cb', 'write https://shop.example/cb'],
    ['https://shop.example:443/cb', 'write https://shop.example/cb'],
    ['https://shop.example/a/../cb', 'write https://shop.example/cb'],
    ['https://shop.example/%2e%2e/cb', 'write https://shop.example/cb'],
    ['https:shop.example/cb', 'normal form'],
    ['https:\\\\shop.example/cb', 'backslash'],
    ['https://shop.example\\@evil.example/', 'backslash'],
    [' https://shop.example/cb', 'white space'],
    ['https://shop.example/c b', 'white space'],
    ['java\nscript:alert(1)', 'white space'],
    ['https://shop.example/\u0000', 'white space'],
    ['https://bücher.example/cb', 'percent-encoded'],
    ['/cb', 'no absolute URI'],
    ['//shop.example/cb', 'no absolute URI'],
    ['', 'no absolute URI'],
    [`https://shop.example/${'x'.repeat(2000)}`, 'longer'],
  ])('R-163 %j is refused for everybody, with the reason', (uri, reason) => {
    for (const base of [WEB, NATIVE]) {
      for (const trial of [false, true]) expect(judge(base, uri, trial)).toEqual(Array(2).fill(expect.stringContaining(reason)))
    }
  })

  test('R-163 a native client claims no https on loopback', () => {
    expect(judge(NATIVE, 'https://localhost/cb')).toHaveLength(2)
  })

  test('R-163 pages and endpoints of a client are https, or loopback in trial mode', () => {
    for (const key of ['client_uri', 'policy_uri', 'tos_uri', 'jwks_uri', 'initiate_login_uri']) {
      expect(faults({ ...WEB, [key]: 'https://shop.example/x' })).toEqual([])
      for (const bad of [
        'http://shop.example/x',
        'javascript:alert(1)',
        'data:,x',
        'com.example.app:/x',
        'https://u@shop.example/',
        'http://127.0.0.1/x',
      ]) {
        expect([key, bad, faults({ ...WEB, [key]: bad })]).toEqual([key, bad, [expect.stringContaining(`clients[0].${key}: `)]])
      }
    }
    expect(faults({ ...WEB, client_uri: 'http://127.0.0.1:3001/' }, { trial: true })).toEqual([])
  })

  test('R-046 origins of scripts are exact origins', () => {
    expect(clientOf({ ...PUBLIC, cors_origins: ['https://shop.example'] }).policy.corsOrigins).toEqual(['https://shop.example'])
    for (const bad of [
      'null',
      '*',
      'https://shop.example/',
      'https://*.shop.example',
      'http://shop.example',
      'https://shop.example/x',
      'com.example.app:/',
    ]) {
      expect([bad, faults({ ...PUBLIC, cors_origins: [bad] })]).toEqual([
        bad,
        [expect.stringContaining('clients[0].cors_origins[0]: ')],
      ])
    }
  })
})

describe('the file', () => {
  test('R-040 no client id can be taken for the id of a person', () => {
    for (let count = 0; count < 50; count += 1) expect(faults({ ...WEB, client_id: newId() })).toHaveLength(1)
    expect(faults({ ...WEB, client_id: 'a'.repeat(21) })).toEqual([])
    expect(faults({ ...WEB, client_id: 'a'.repeat(23) })).toEqual([])
    expect(faults({ ...WEB, client_id: `${'a'.repeat(21)}.` })).toEqual([])
  })

  test.each(['', 'a b', 'a"b', 'ä', 'a\n', 'a'.repeat(201)])('refuses the client id %j', (id) => {
    expect(faults({ ...WEB, client_id: id })).toEqual([expect.stringContaining('clients[0].client_id')])
  })

  test('unknown keys are faults, everywhere and by place', () => {
    const text = JSON.stringify({
      clients: [WEB, { ...WEB, client_id: 'b', redirect_uri: 'x' }],
      resource_servers: [{ ...API, scope: 'x' }],
      extra: 1,
    })
    expect(readClientsFile(text, { env: ENV, readSecretFile: () => '' })).toEqual({ ok: false, faults: ['extra: unknown key'] })
    expect(read([WEB, { ...WEB, client_id: 'b', redirect_uri: 'x' }], { apis: [{ ...API, scope: 'x' }] })).toEqual({
      ok: false,
      faults: ['resource_servers[0].scope: unknown key', 'clients[1].redirect_uri: unknown key'],
    })
  })

  test('R-161 a logo is kept, and on https even in trial mode', () => {
    const logo_uri = 'https://shop.example/logo.png'
    expect(clientOf({ ...WEB, logo_uri }).metadata.logo_uri).toBe(logo_uri)
    for (const bad of ['http://shop.example/logo.png', 'data:image/png;base64,AA', 'http://localhost/logo.png'])
      expect(faults({ ...WEB, logo_uri: bad }, { trial: true })).toHaveLength(1)
  })

  test.each(['__proto__', 'constructor', 'prototype'])('R-139 the key %s is refused at any depth', (key) => {
    const inside = `clients:\n  - client_id: a\n    ${key}: {first_party: true}\n`
    const scopes = `clients: []\nresource_servers:\n  - id: https://api.example\n    scopes: {${key}: x}\n`
    for (const text of [`${key}: 1\n`, inside, scopes]) {
      expect(readClientsFile(text, { env: ENV, readSecretFile: () => '' })).toEqual({
        ok: false,
        faults: [expect.stringContaining('not allowed')],
      })
    }
  })

  test.each([
    '',
    'clients: []',
    'clients:',
    '- 1',
    'clients: [',
    'a: 1\na: 2',
    'clients: []\n---\nclients: []',
    'clients: &a [*a]',
    '!!js/function x',
  ])('that says %j is refused', (text) =>
    expect(readClientsFile(text, { env: ENV, readSecretFile: () => '' })).toMatchObject({ ok: false }),
  )

  test('an id used twice and a resource nobody declared are faults', () => {
    expect(read([WEB, WEB])).toEqual({ ok: false, faults: ['clients[1].client_id: is used twice'] })
    expect(faults({ ...WEB, resources: [API.id] })).toEqual(['clients[0].resources[0]: is not listed under resource_servers'])
    expect(faults(WEB, { apis: [API, API] })).toEqual([expect.stringContaining('is used twice')])
  })

  test('R-138 names hold no control and no direction characters', () => {
    for (const name of ['a\nb', 'a\u202eb', 'a\u0000', 'x'.repeat(101)])
      expect(faults({ ...WEB, client_name: name })).toHaveLength(1)
    expect(clientOf({ ...WEB, client_name: 'Bücher & “Mehr” <b>' }).metadata.client_name).toBe('Bücher & “Mehr” <b>')
  })

  test('a JWT lives at most five minutes, an opaque token a day', () => {
    const ttl = (value: string, format: string): string[] =>
      faults(WEB, { apis: [{ ...API, token_format: format, access_token_ttl: value }] })
    expect([ttl('30s', 'jwt'), ttl('300s', 'jwt'), ttl('1d', 'opaque')].flat()).toEqual([])
    for (const [value, format] of [
      ['29s', 'jwt'],
      ['301s', 'jwt'],
      ['86401s', 'opaque'],
      ['soon', 'jwt'],
    ] as const)
      expect(ttl(value, format)).toHaveLength(1)
  })

  test.each(['api', '/api', 'https://api.example/#x', 'https://u@api.example', 'javascript:x'])(
    'R-025 %s is no resource indicator',
    (id) => {
      expect(faults(WEB, { apis: [{ ...API, id }] })).toEqual([expect.stringContaining('resource_servers[0].id: ')])
    },
  )

  test('an API cannot redefine scopes of OpenID Connect', () => {
    for (const scope of ['openid', 'email', 'offline_access', 'a b', 'a"b']) {
      expect(faults(WEB, { apis: [{ ...API, scopes: { [scope]: 'x' } }] })).toHaveLength(1)
    }
  })
})
