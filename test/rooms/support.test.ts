import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { type AddressInfo, createConnection, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { axe, launchBrowser } from '../support/browser.ts'
import { createCookieJar } from '../support/cookie-jar.ts'
import { emptyDatabase, freshDatabase, query } from '../support/database.ts'
import { formsOf, textOf } from '../support/html.ts'
import { fetchVia, send } from '../support/http.ts'
import { createVisitor } from '../support/person.ts'
import { freePorts } from '../support/ports.ts'
import { startRelyingParty } from '../support/relying-party.ts'

const support = join(import.meta.dirname, '../support')

describe('databases', () => {
  test('each test gets every table and nobody else’s rows', async () => {
    const [first, second] = await Promise.all([freshDatabase(), freshDatabase()])
    await query(first, "insert into replay (id, expires_at) values ('a', $1)", [new Date(0)])
    expect(await query(first, 'select id from replay')).toEqual([{ id: 'a' }])
    expect(await query(second, 'select id from replay')).toEqual([])
  })

  test('twenty at once are all made', async () => {
    const urls = await Promise.all(Array.from({ length: 20 }, () => freshDatabase()))
    expect(new Set(urls).size).toBe(20)
  })

  test('an empty one has no table', async () => {
    const rows = await query(await emptyDatabase(), "select 1 from pg_tables where schemaname = 'public'")
    expect(rows).toEqual([])
  })
})

describe('ports', () => {
  test('are consecutive, free, and given out once', async () => {
    const [a, b] = await Promise.all([freePorts(3), freePorts(3)])
    expect(a).toEqual([a[0], a[0] + 1, a[0] + 2])
    expect(new Set([...a, ...b]).size).toBe(6)
  })

  test('a taken port is left out', async () => {
    const [port] = await freePorts(1)
    const server = createTcpServer()
    await new Promise<void>((resolve) => server.listen(port + 2, '127.0.0.1', resolve))
    const ports = await freePorts(4)
    server.close()
    expect(ports).not.toContain(port + 2)
  })
})

describe('the clock of a service', () => {
  const print = 'console.log(JSON.stringify([Date.now(), new Date().getTime(), +new Date(5), new Date() instanceof Date]))'
  const clockAt = (seconds: number): string => `${pathToFileURL(join(support, 'clock.ts')).href}?seconds=${seconds}`
  const node = (seconds: number, script: string, ipc: boolean) =>
    spawn(process.execPath, ['--import', clockAt(seconds), '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit', ...(ipc ? ['ipc' as const] : [])],
    })

  test('begins where it is told, without a channel, and lets the process end', async () => {
    const child = node(3600, print, false)
    const text = await read(child.stdout)
    const [now, made, fixed, isDate] = JSON.parse(text) as [number, number, number, boolean]
    expect(now - Date.now()).toBeGreaterThan(3_590_000)
    expect(Math.abs(now - made)).toBeLessThan(1000)
    expect([fixed, isDate]).toEqual([5, true])
  })

  test('moves on request, and moves add up', async () => {
    const child = node(0, `process.on('message', () => ${print}); setTimeout(() => {}, 60_000)`, true)
    const answers: unknown[] = []
    child.on('message', (message) => answers.push(message))
    const output = read(child.stdout)
    for (const [index, seconds] of [600, -60].entries()) {
      child.send({ clockSeconds: seconds })
      await until(() => answers.length > index)
    }
    child.disconnect()
    const last = JSON.parse((await output).trim().split('\n').at(-1) ?? '') as number[]
    expect(answers).toEqual([{ clockSet: 600 }, { clockSet: 540 }])
    expect(Math.round(((last[0] ?? 0) - Date.now()) / 10_000)).toBe(54)
  })

  test('does not keep a process alive that has nothing more to do', async () => {
    const child = node(0, '', true)
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  })
})

describe('a visitor without a window', () => {
  test('cookies keep to their host, path and time', () => {
    let now = 1_000_000
    const jar = createCookieJar(() => now)
    const expires = new Date(now + 60_000).toUTCString()
    jar.keep('http://localhost:3000/sign-in/u1', [
      'a=1; Path=/sign-in/u1; HttpOnly',
      'b=2; Path=/; Max-Age=60',
      `c=3; path=/; expires=${expires}`,
    ])
    expect(jar.header('http://localhost:3001/sign-in/u1/link/x')).toBe('a=1; b=2; c=3')
    expect(jar.header('http://localhost:3000/sign-in/u12')).toBe('b=2; c=3')
    expect(jar.header('http://127.0.0.1:3000/sign-in/u1')).toBeUndefined()
    jar.keep('http://localhost:3000/', ['b=; Path=/; Max-Age=0'])
    expect(jar.value('http://localhost:3000/', 'b')).toBeUndefined()
    now += 61_000
    expect(jar.header('http://localhost:3000/')).toBeUndefined()
  })

  test('reads forms as a browser would send them', () => {
    const html = `<head><title>x</title></head><form method="post" action="/a?b=1&amp;c=2"><input type=hidden name=csrf value="x&quot;y">
      <input name="identifier" value='m@x.example' required><input type="checkbox" name="no"><button name="answer" value="allow">All<b>ow</b></button></form>
      <form id="out" action="/out"></form><button form="out" name="logout" value="yes">Out</button>`
    const [form, out] = formsOf(html, 'http://localhost:3000/sign-in/u1')
    expect(form).toMatchObject({
      action: 'http://localhost:3000/a?b=1&c=2',
      method: 'POST',
      values: { csrf: 'x"y', identifier: 'm@x.example' },
    })
    expect(form?.fields).toEqual(['csrf', 'identifier', 'no'])
    expect(form?.buttons).toEqual([{ name: 'answer', value: 'allow', action: null, text: 'All ow' }])
    expect(out?.buttons).toEqual([{ name: 'logout', value: 'yes', action: null, text: 'Out' }])
    expect(textOf(html)).toBe('All ow Out')
  })

  test('reaches the instance it is sent to, under the issuer’s name, and follows redirects up to another site', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(
        `${request.method} ${request.headers.host}${request.url} ${request.headers['sec-fetch-site']} ${request.headers.cookie ?? ''}`,
      )
      const next: Record<string, string> = { '/': '/two', '/two': 'http://127.0.0.1:1/callback?code=c' }
      response.writeHead(303, { location: next[request.url ?? ''] ?? '/two', 'set-cookie': 's=1; Path=/two' }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const service = { issuer: 'http://localhost:9', port: (server.address() as AddressInfo).port, clockSeconds: 0 }
    const visitor = createVisitor(service)
    expect((await visitor.open('http://localhost:9/')).location).toBe('http://127.0.0.1:1/callback?code=c')
    await visitor.post('http://localhost:9/two', { a: 'b' })
    expect(seen).toEqual(['GET localhost:9/ none ', 'GET localhost:9/two none s=1', 'POST localhost:9/two same-origin s=1'])
    const fetched = await fetchVia(service)('http://localhost:9/', { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
    expect([fetched.status, seen.at(-1)]).toEqual([303, 'POST localhost:9/ undefined '])
    server.close()
  })
})

describe('the relying party', () => {
  test('shows the way in, says what went wrong, and names itself for the clients file', async () => {
    const party = await startRelyingParty({ issuer: 'http://localhost:9', clientId: 'test-app' })
    expect((await send(party.url)).text).toContain('href="/login"')
    const failed = await send(`${party.url}/callback?error=access_denied&state=made-up`)
    expect([failed.status, failed.text]).toEqual([400, expect.stringContaining('id="error"')])
    expect(await party.clientMetadata({ first_party: true })).toMatchObject({
      client_id: 'test-app',
      redirect_uris: [party.redirectUri],
      client_secret_file: expect.any(String),
      first_party: true,
    })
    expect(() => party.last()).toThrow('nobody')
    await party.stop()
    const socket = createConnection(Number(new URL(party.url).port), '127.0.0.1')
    await expect(new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))).rejects.toThrow(
      'ECONNREFUSED',
    )
  })
})

describe('the browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  test('opens pages for two people at once, with letters to read', async () => {
    const [one, two] = await Promise.all([browser.newContext(), browser.newContext()])
    const [first, second] = await Promise.all([one.newPage(), two.newPage()])
    await Promise.all([first.setContent('<h1>Hello</h1>'), second.setContent('<h1>Again</h1>')])
    expect(await first.textContent('h1')).toBe('Hello')
    expect(await second.textContent('h1')).toBe('Again')
    const width = await first.evaluate(
      'document.querySelector("h1").firstChild && (() => { const r = document.createRange(); r.selectNodeContents(document.querySelector("h1")); return r.getBoundingClientRect().width })()',
    )
    expect(width).toBeGreaterThan(40)
    await Promise.all([one.close(), two.close()])
  })

  test('finds what a person with a screen reader would miss, also under a strict policy for scripts', async () => {
    const csp = "default-src 'none'; style-src 'self'"
    const bad = '<!doctype html><html lang="en"><title>x</title><main><h1>x</h1><form><input name="email"></form></main></html>'
    const server = createServer((request, response) => {
      const body = request.url === '/bad' ? bad : bad.replace('<input', '<label for="e">Email</label><input id="e"')
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': csp }).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const page = await browser.newPage()
    await page.goto(`${url}/bad`)
    expect(await axe(page)).toEqual([expect.stringMatching(/^label \(critical\)/)])
    await page.goto(url)
    expect(await axe(page)).toEqual([])
    await page.close()
    server.close()
  })
})

async function read(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ''
  for await (const chunk of stream ?? []) text += String(chunk)
  return text
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5))
}
