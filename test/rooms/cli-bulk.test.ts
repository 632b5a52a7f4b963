import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from '@jest/globals'
import { closeServers, type Heard, json, remote, serve } from './cli-server.ts'
import { run } from './cli-support.ts'

afterEach(closeServers)

describe('people by the thousand', () => {
  const lines = (count: number) =>
    Array.from({ length: count }, (_, at) => JSON.stringify({ email: `p${at}@fabrikam.example` })).join('\n')
  const imported = (request: Heard, response: ServerResponse) => {
    const { accounts } = JSON.parse(request.body) as { accounts: { email: string }[] }
    const results = accounts.map(({ email }) =>
      email.startsWith('p3@')
        ? { outcome: 'refused', account_id: null, words: 'no such domain' }
        : { outcome: 'created', account_id: 'x', words: null },
    )
    json({ results })(request, response)
  }

  test('go in batches, with progress; a refused line is named, and the exit says so', async () => {
    const { url, heard } = await serve(imported)
    const { code, out, err } = await run(remote(url, 'accounts', 'import', 'people'), { files: { people: `${lines(501)}\n` } })
    expect(heard.map(({ body }) => JSON.parse(body).accounts.length)).toEqual([500, 1])
    expect(out).toEqual(['501 lines: 500 created, 0 there already, 1 refused'])
    expect(err).toContain('line 4: no such domain')
    expect(code).toBe(1)
  })

  test('where it stops, what came before is done and the line to go on from is told', async () => {
    const { url, heard } = await serve((request, response) => {
      if (heard.length > 1) return json({ status: 503, detail: 'Too much.' }, 503)(request, response)
      imported(request, response)
    })
    const files = { people: lines(700) }
    const { code, err } = await run(remote(url, 'accounts', 'import', 'people'), { files })
    expect(code).toBe(3)
    expect(err.join('\n')).toContain('go on with --from-line 501')
    const { url: again, heard: rest } = await serve(imported)
    expect((await run(remote(again, 'accounts', 'import', 'people', '--from-line', '501'), { files })).code).toBe(0)
    expect(JSON.parse(rest[0]?.body ?? '{}').accounts).toHaveLength(200)
  })

  test('a refusal names the lines of the file and their fields, and where it stops', async () => {
    const faults = [
      { field: 'accounts[1].name', words: 'is not known here' },
      { field: 'accounts[2]', words: 'must be a record' },
    ]
    const { url } = await serve(json({ status: 400, detail: 'The input is not right: see the faults.', faults }, 400))
    const files = { people: `\n${lines(1)}\n{"name":"Ada"}\n7` }
    const { code, err } = await run(remote(url, 'accounts', 'import', 'people'), { files })
    expect([code, err]).toEqual([
      1,
      [
        'stopped at line 2: 0 created, 0 there already, 0 refused; go on with --from-line 2',
        'The input is not right: see the faults.',
        '  line 3: name: is not known here',
        '  line 4: must be a record',
      ],
    ])
  })

  test('a line that is no JSON stops it there, after the ones before it', async () => {
    const { url, heard } = await serve(imported)
    const { code, err } = await run(remote(url, 'accounts', 'import', 'people'), {
      files: { people: '{"email":"a@b.example"}\nnonsense' },
    })
    expect([code, heard.length]).toEqual([1, 1])
    expect(err.join('\n')).toContain('go on with --from-line 2')
  })
})

describe('the chain of the audit log', () => {
  const stretch = (more: object) => ({ checked: 10, rows: 20, broken: null, head: 'h1', next: null, ...more })

  test('R-184 is followed to its end', async () => {
    const { url } = await serve((request, response) =>
      json(request.url.includes('cursor') ? stretch({ checked: 20 }) : stretch({ next: 'c1' }))(request, response),
    )
    const { code, out, err } = await run(remote(url, 'audit', 'verify'))
    expect([code, err]).toEqual([0, ['10 of 20']])
    expect(out).toEqual(["20 rows are as they were written; the chain's head is h1"])
  })

  test('R-184 the first broken row is named, and the exit says so', async () => {
    const { url } = await serve(json(stretch({ broken: { entry_id: '77', place: 7, words: 'it was changed' }, next: 'c1' })))
    const { code, err } = await run(remote(url, 'audit', 'verify'))
    expect([code, err]).toEqual([1, ['the chain is broken at place 7, row 77: it was changed']])
  })
})

describe('plan and doctor', () => {
  const changed = {
    kind: 'client',
    id: 'shop',
    action: 'change',
    changes: [{ field: 'client_name', before: 'Shop', after: 'The shop' }],
    words: null,
  } as const

  test('a plan shows each field before and after; with --exit-code a change ends with 5', async () => {
    const local = { plan: async () => [changed] }
    expect(await run(['plan'], { local })).toEqual({
      code: 0,
      out: ['~ client shop (changed)', '    client_name: Shop → The shop'],
      err: [],
    })
    expect((await run(['plan', '--exit-code'], { local })).code).toBe(5)
    expect((await run(['plan', '--exit-code'], { local: { plan: async () => [] } })).code).toBe(0)
  })

  test('doctor ends with 1 where something is broken, and says what to do', async () => {
    const finding = { about: 'mail', state: 'look', words: 'slow', todo: 'Wait.' } as const
    expect((await run(['doctor'], { local: { doctor: async () => [finding] } })).code).toBe(0)
    const { code, out } = await run(['doctor'], { local: { doctor: async () => [finding, { ...finding, state: 'broken' }] } })
    expect(code).toBe(1)
    expect(out).toEqual(['look    mail: slow', '        Wait.', 'broken  mail: slow', '        Wait.'])
  })
})

describe('completion', () => {
  const script = async (shell: string) => (await run(['completion', shell])).out.join('\n')
  const complete = (text: string, words: readonly string[]) => {
    const list = words.map((word) => `'${word}'`).join(' ')
    const ask = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _doorward; printf '%s\\n' "\${COMPREPLY[@]}"`
    return spawnSync('bash', ['--norc', '-c', `${text}\n${ask}`], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n')
  }

  test('bash completes groups, verbs, options and their values', async () => {
    const text = await script('bash')
    expect(spawnSync('bash', ['-n'], { input: text }).status).toBe(0)
    expect(complete(text, ['doorward', 'resource-s'])).toEqual(['resource-servers'])
    expect(complete(text, ['doorward', 'clients', 'ret'])).toEqual(['retire-secret'])
    expect(complete(text, ['doorward', '--json', 'clients', 'list', '--ki'])).toEqual(['--kind'])
    expect(complete(text, ['doorward', 'clients', 'list', '--kind', 'm'])).toEqual(['machine'])
    expect(complete(text, ['doorward', 'completion', 'f'])).toEqual(['fish'])
  })

  test('R-177 no word of a script is run by the shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) expect(await script(shell)).not.toMatch(/`/)
  })

  test.each(['zsh', 'fish'])('%s reads its script, where it is installed', async (shell) => {
    const text = await script(shell)
    expect(text).toContain('retire-secret')
    if (existsSync(`/usr/bin/${shell}`)) expect(spawnSync(shell, ['-n'], { input: text }).status).toBe(0)
  })
})
