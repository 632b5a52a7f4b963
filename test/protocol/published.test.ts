import { get } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '../faults/fault-tools.ts'
import { send } from '../support/http.ts'
import { type Service, startService } from '../support/service.ts'

const DISCOVERY = '/.well-known/openid-configuration'
const PATHS = [DISCOVERY, '/.well-known/oauth-authorization-server', '/jwks']

let service: Service
beforeAll(async () => {
  service = await startService({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } })
})
afterAll(() => service.stop())

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  send(`${service.issuer}${path}`, { method, headers })
/** The same over the way that every request goes: the engine itself answers. */
const askEngine = (path: string, headers: Record<string, string> = {}) => ask(`${path}?a=b`, headers)
/** The answer's bytes: `send` reads text. */
async function bytesOf(path: string, coding: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(`${service.issuer}${path}`, { headers: { 'accept-encoding': coding } }, async (answer) => {
      expect(answer.headers['content-encoding']).toBe(coding)
      resolve(Buffer.concat(await answer.toArray()))
    }).on('error', reject)
  })
}

describe.each(PATHS)('what is published at %s', (path) => {
  test('R-014 is what the engine says, with all headers that it has there, security headers and a reference included', async () => {
    const [prepared, engines] = [await ask(path), await askEngine(path)]
    expect(prepared.text).toBe(engines.text)
    const { date: _, vary, etag, 'x-request-id': reference, ...headers } = prepared.headers
    const { date: __, 'x-request-id': ___, vary: ____, ...theirs } = engines.headers
    expect(headers).toEqual(theirs)
    expect(headers).toMatchObject({ 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' })
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect([vary, etag]).toEqual(['Origin, Accept-Encoding', expect.stringMatching(/^"[\w-]{22}"$/)])
    expect(reference).toMatch(/^DW-[2-9A-Z]{4}-[2-9A-Z]{4}$/)
  })

  test('RFC 9110 §15.4.5 is not sent again to whoever has it, in whatever form it was', async () => {
    for (const coding of ['identity', 'gzip', 'br']) {
      const { etag } = (await ask(path, { 'accept-encoding': coding })).headers
      for (const known of [String(etag), `"other", W/${etag}`, '*']) {
        const again = await ask(path, { 'accept-encoding': coding, 'if-none-match': known })
        expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag])
        expect(again.headers).toMatchObject({ 'cache-control': 'public, max-age=300', vary: 'Origin, Accept-Encoding' })
      }
      // Each form has a validator of its own.
      expect((await ask(path, { 'if-none-match': String(etag) })).status).toBe(coding === 'identity' ? 304 : 200)
    }
  })

  test('RFC 9110 §12.5.3 comes compressed to whoever takes that', async () => {
    const { text } = await ask(path)
    expect(gunzipSync(await bytesOf(path, 'gzip')).toString()).toBe(text)
    expect(brotliDecompressSync(await bytesOf(path, 'br')).toString()).toBe(text)
    const codings = {
      'gzip, deflate, br': 'br',
      'GZIP;q=0.5': 'gzip',
      'br;q=0, gzip ; q=0.0': undefined,
      deflate: undefined,
      '': undefined,
    }
    for (const [accepted, coding] of Object.entries(codings))
      expect((await ask(path, { 'accept-encoding': accepted })).headers['content-encoding']).toBe(coding)
  })

  test('RFC 9110 §9.3.2 HEAD has the headers of GET and no content', async () => {
    const [got, head] = [await ask(path), await ask(path, {}, 'HEAD')]
    expect([head.status, head.text]).toEqual([200, ''])
    for (const name of ['content-length', 'content-type', 'etag']) expect(head.headers[name]).toBe(got.headers[name])
  })

  test('RFC 9110 §9.3.1 is asked for without content: whoever sends some is answered as any request is', async () => {
    const answer = await send(`${service.issuer}${path}`, { method: 'GET', headers: { 'content-type': 'text/plain' }, body: 'x' })
    expect([answer.status, answer.headers.etag]).toEqual([200, undefined])
  })

  test('R-046 may be read by any page, after a preflight too', async () => {
    const origin = 'https://spa.fabrikam.example'
    expect((await ask(path, { origin })).headers['access-control-allow-origin']).toBe(origin)
    const preflight = await ask(path, { origin, 'access-control-request-method': 'GET' }, 'OPTIONS')
    expect([preflight.status, preflight.headers['access-control-allow-methods']]).toEqual([204, 'GET'])
  })

  test('R-141 is there by GET alone, in one spelling', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
      expect([method, (await ask(path, {}, method)).status]).toEqual([method, 404])
    for (const other of [`${path}/`, path.toUpperCase(), `/${path}`, path.replace('k', '%6b').replace('o', '%6f')])
      expect([other, (await ask(other)).status]).toEqual([other, 404])
    expect((await ask(`${path}?a=%00`)).status).toBe(400)
  })

  test('R-177 has its line in the log and its place in the metrics', async () => {
    const { headers } = await ask(path, { 'x-request-id': 'proxy-said-this' })
    const line = await until('its line is written', async () =>
      service
        .output()
        .split('\n')
        .find((text) => text.includes(String(headers['x-request-id']))),
    )
    const said = { msg: 'answered', upstream: 'proxy-said-this', method: 'GET', route: path, status: 200, ms: expect.any(Number) }
    expect(JSON.parse(line)).toMatchObject(said)
    const metrics = await (await fetch(`${service.opsUrl}/metrics`)).text()
    expect(metrics).toMatch(`doorward_http_request_seconds_count{method="GET",route="${path}",status="2xx"}`)
  })
})
