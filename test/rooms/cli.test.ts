import { afterEach, describe, expect, test } from '@jest/globals'
import { operations } from '../../src/admin/index.ts'
import { commandLineManual, exits } from '../../src/cli/index.ts'
import { closeServers, json, remote, serve } from './cli-server.ts'
import { run } from './cli-support.ts'

afterEach(closeServers)

describe('commands come from the catalogue', () => {
  test('every operation has a command by its own name, which is on the page about the command line', () => {
    const page = commandLineManual()
    for (const name of Object.keys(operations)) {
      const command = name === 'clients.try' ? 'try' : name.replace('.', ' ')
      expect(page).toContain(`\n### ${command}\n`)
    }
  })

  test('every exit code is on that page, and no two are the same', () => {
    const codes = Object.values(exits).map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
    for (const code of codes) expect(commandLineManual()).toContain(`| ${code} | `)
  })

  test('what stands in the path is an argument, all else options; what was not written is not sent', async () => {
    const { url, heard } = await serve(json({}))
    await run(remote(url, 'clients', 'get', 'a/b c'))
    await run(remote(url, 'clients', 'list', '--q', 'x&y', '--kind', 'web', '--limit', '7'))
    await run(remote(url, 'clients', 'disable', 'shop', '--idempotency-key', 'k1'))
    expect(heard.map(({ method, url: path, body }) => `${method} ${path} ${body}`)).toEqual([
      'GET /admin/api/v1/clients/a%2Fb%20c ',
      'GET /admin/api/v1/clients?q=x%26y&kind=web&limit=7 ',
      'POST /admin/api/v1/clients/shop/disable ',
    ])
    expect(heard.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer token-1'))
    expect(heard[2]?.headers['idempotency-key']).toBe('k1')
  })

  test('lists are repeated options, yes and no are two options, records are JSON, a file, or name=value', async () => {
    const { url, heard } = await serve(json({}))
    const files = { 'fields.json': '{"client_name":"From a file","first_party":true}' }
    const create = [
      'clients',
      'create',
      '--template',
      'web',
      '--redirect-uris',
      'https://a.example/1',
      '--redirect-uris',
      'https://a.example/2',
    ]
    await run(remote(url, ...create, '--no-require-pkce', '--first-party', '--second-factor', 'null', '--default-max-age', '60'))
    const update = ['clients', 'update', 'shop', '--if-match', 'v1', '--fields', '@fields.json']
    await run(remote(url, ...update, '--fields', 'client_name=Shop', '--fields', 'cors_origins=["https://a.example"]'), { files })
    await run(remote(url, 'accounts', 'update', 'p1', '--profile', 'given_name=1'))
    expect(heard.map(({ body }) => JSON.parse(body))).toEqual([
      {
        redirect_uris: ['https://a.example/1', 'https://a.example/2'],
        default_max_age: 60,
        first_party: true,
        require_pkce: false,
        second_factor: null,
        template: 'web',
      },
      { fields: { client_name: 'Shop', first_party: true, cors_origins: ['https://a.example'] } },
      { profile: { given_name: '1' } },
    ])
    expect(heard[1]?.headers['if-match']).toBe('"v1"')
  })

  test('an id that begins with a hyphen stands after --', async () => {
    const { url, heard } = await serve(json({}))
    expect((await run(remote(url, 'accounts', 'get', '-abc'))).err.join(' ')).toContain('stands after --')
    expect((await run(remote(url, 'accounts', 'get', '--', '-abc'))).code).toBe(0)
    expect(heard.map((one) => one.url)).toEqual(['/admin/api/v1/accounts/-abc'])
  })

  test.each([
    ['nothing at all', []],
    ['a command that there is not', ['clients', 'frobnicate']],
    ['an option that there is not', ['clients', 'list', '--frobnicate']],
    ['no value for what is needed', ['clients', 'create']],
    ['a value that is none of the choices', ['clients', 'list', '--kind', 'desktop']],
    ['a choice of a list that there is not', ['clients', 'create', '--template', 'web', '--grant-types', 'password']],
    ['no number', ['clients', 'list', '--limit', 'many']],
    ['a record that is none', ['clients', 'update', 'a', '--fields', 'nonsense']],
    ['a file that is not there', ['clients', 'update', 'a', '--fields', '@nowhere']],
    ['one argument too many', ['clients', 'get', 'a', 'b']],
  ])('%s ends with 2 and words, and asks nobody', async (_, args) => {
    const { url, heard } = await serve(json({}))
    const { code, err, out } = await run(args.length === 0 ? [] : remote(url, ...args))
    expect([code, err.length > 0, out, heard]).toEqual([2, true, [], []])
  })

  test('help is asked for, and no failure', async () => {
    const { code, out, err } = await run(['clients', 'create', '--help'])
    expect([code, err]).toEqual([0, []])
    expect(out.join('\n')).toContain('--redirect-uris <text>')
  })
})

describe('what is printed', () => {
  const ada = { account_id: 'a1', name: 'Ada Lovelace', email: 'ada@fabrikam.example', role: null, tags: ['x', 'y'], on: true }

  test('people get a table that fits the terminal; cut cells end with …', async () => {
    const { url } = await serve(json({ items: [ada, { ...ada, account_id: 'a2', name: 'N'.repeat(60) }], next: 'page2' }))
    const { out, err } = await run(remote(url, 'accounts', 'list'), { columns: 70 })
    expect(out[0]).toMatch(/^ACCOUNT ID +NAME +EMAIL/)
    expect(out[2]).toContain('…')
    expect(Math.max(...out.map((line) => [...line].length))).toBeLessThanOrEqual(70)
    expect(err).toEqual(['there are more: --all, or --cursor page2'])
  })

  test('a program that reads gets everything, uncut', async () => {
    const { url } = await serve(json({ items: [{ ...ada, name: 'N'.repeat(300) }], next: null }))
    expect((await run(remote(url, 'accounts', 'list'))).out[1]).toContain('N'.repeat(300))
  })

  test('R-177 nothing that a stranger wrote reaches the terminal as a control character, in words or in JSON', async () => {
    const name = 'a\u001b[2J\u0007\r\nb\u009bc\u202ed'
    const { url } = await serve(json({ items: [{ ...ada, name }], next: null }))
    for (const args of [[], ['--json'], ['--json', '--all']]) {
      const { out } = await run(remote(url, 'accounts', 'list', ...args))
      expect(out.join('\n')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
      if (args.length > 0) {
        const told = JSON.parse(args.length > 1 ? (out[0] ?? '') : out.join('\n'))
        expect((args.length > 1 ? told : told.items[0]).name).toBe(name)
      }
    }
  })

  test('one record is lines, what it holds stands below it', async () => {
    const { url } = await serve(json({ ...ada, profile: { locale: 'de' }, sessions: [{ session_id: 's1' }] }))
    const { out } = await run(remote(url, 'accounts', 'get', 'a1'))
    expect(out).toEqual(
      expect.arrayContaining([
        'account_id: a1',
        'on:         yes',
        'role:       -',
        'profile:',
        '  locale: de',
        'sessions:',
        '  SESSION ID',
        '  s1',
      ]),
    )
  })

  test('settings to paste stand one below the other as they are, uncut', async () => {
    const text = `a:\n  b: ${'c'.repeat(90)}\n\td\u001b[2J\n`
    const { url } = await serve(json({ items: ['Spring Boot', 'Authlib'].map((library) => ({ library, language: 'X', text })) }))
    const { out } = await run(remote(url, 'clients', 'snippets', 'wiki'), { columns: 40 })
    const block = ['a:', `  b: ${'c'.repeat(90)}`, '\td [2J']
    expect(out).toEqual(['== Spring Boot · X ==', ...block, '', '== Authlib · X ==', ...block])
  })

  test('with --json and --all one object stands on each line, page after page', async () => {
    const { url, heard } = await serve((request, response) => {
      const second = request.url.includes('cursor=')
      json({ items: [{ at: second ? 2 : 1 }], next: second ? null : 'p/2' })(request, response)
    })
    const { out } = await run(remote(url, 'audit', 'list', '--all', '--json', '--event', 'client.*'))
    expect(out).toEqual(['{"at":1}', '{"at":2}'])
    expect(heard.map((one) => one.url)).toEqual([
      '/admin/api/v1/audit?event=client.*',
      '/admin/api/v1/audit?event=client.*&cursor=p%2F2',
    ])
  })
})

describe('what is refused', () => {
  const problem = (status: number, more: object = {}) =>
    json({ type: 'x', title: 'Refused', status, detail: 'Because.', ...more }, status)

  test.each([
    [401, 4],
    [403, 4],
    [404, 1],
    [409, 1],
    [412, 1],
    [422, 1],
    [429, 3],
    [500, 1],
    [503, 3],
  ])('a problem of status %i ends with %i, and its words go to standard error', async (status, code) => {
    const { url } = await serve(problem(status, { instance: 'DW-1' }))
    expect(await run(remote(url, 'keys', 'list'))).toEqual({ code, out: [], err: ['Because. (DW-1)'] })
  })

  test('each field that is not right is told by its option', async () => {
    const faults = [
      { field: 'redirect_uris[1]', words: 'must be https' },
      { field: '', words: 'is odd' },
    ]
    const { url } = await serve(problem(422, { faults }))
    const { err } = await run(remote(url, 'clients', 'create', '--template', 'web'))
    expect(err).toEqual(['Because.', '  --redirect-uris [1]: must be https', '  is odd'])
  })

  test('nobody there ends with 3; somebody else with 1', async () => {
    const { url } = await serve((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello</h1>'))
    expect((await run(remote(url, 'keys', 'list'))).code).toBe(1)
    expect((await run(remote('http://127.0.0.1:1', 'keys', 'list'))).code).toBe(3)
  })

  test('R-177 a token goes to the address that was named alone: over no redirect, and never in the clear to another machine', async () => {
    const thief = await serve(json({}))
    const { url } = await serve((_, response) => response.writeHead(307, { location: `${thief.url}/` }).end())
    const { code, err } = await run(remote(url, 'keys', 'list'))
    expect([code, thief.heard]).toEqual([3, []])
    expect(err.join(' ')).not.toContain('token-1')
    for (const bad of [
      'http://id.example.com',
      'https://id.example.com/path',
      'https://user:pw@id.example.com',
      'id.example.com',
    ]) {
      expect((await run(remote(bad, 'keys', 'list'))).code).toBe(2)
    }
  })

  test('without a token nobody is asked, and the way to one is told', async () => {
    const { url, heard } = await serve(json({}))
    const { code, err } = await run(['--url', url, 'keys', 'list'])
    expect([code, heard]).toEqual([4, []])
    expect(err.join(' ')).toContain('doorward login')
  })
})
