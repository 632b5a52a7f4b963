import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { arrive, ask, sendRaw } from '../faults/fault-tools.ts'
import { send } from '../support/http.ts'
import { createVisitor, type Page } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'

// Whatever is sent in place of what was asked for: a clear answer, no address of a stranger's in it, nothing lost.

const NAME = `Robert'); <img src=x onerror=alert(1)> "&' {{7919*7907}} {%raw%} \${1}`

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS }, client: { client_name: NAME } })
})
afterAll(() => stage.stop())

const EVIL = 'evil.example'

describe('addresses of strangers', () => {
  const spoofed = {
    host: EVIL,
    'x-forwarded-host': EVIL,
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '4443',
    'x-forwarded-server': EVIL,
    'x-original-url': `https://${EVIL}/`,
    'x-rewrite-url': '/dev/inbox',
    forwarded: `for=1.2.3.4;host=${EVIL};proto=https`,
    origin: `https://${EVIL}`,
  }

  test('R-014 discovery names the issuer and nobody else, whatever host is asked', async () => {
    const { issuer } = stage.service
    const usual = await send(`${issuer}/.well-known/openid-configuration`)
    for (const [name, value] of Object.entries(spoofed)) {
      const { origin: _none, ...answer } = {
        ...(await send(`${issuer}/.well-known/openid-configuration`, { headers: { [name]: value } })),
        origin: '',
      }
      expect([name, answer.status, answer.text]).toEqual([name, 200, usual.text])
    }
    const all = await send(`${issuer}/.well-known/openid-configuration`, { headers: spoofed })
    expect(all.text).toBe(usual.text)
    for (const url of Object.values(JSON.parse(usual.text)).filter((value) => /^https?:/.test(String(value))))
      expect(String(url).startsWith(`${issuer}/`) || url === issuer).toBe(true)
  })

  test('R-014 a target in absolute form is taken by its path alone', async () => {
    const { port, issuer } = stage.service
    for (const target of [
      `http://${EVIL}/.well-known/openid-configuration`,
      `https://user:pass@${EVIL}:1/.well-known/openid-configuration`,
    ]) {
      const answer = await sendRaw(port, [`GET ${target} HTTP/1.1\r\nHost: ${EVIL}\r\nConnection: close\r\n\r\n`])
      expect(answer).toContain('HTTP/1.1 200')
      expect(answer).toContain(`"issuer":"${issuer}"`)
      expect(answer).not.toContain(EVIL)
    }
    for (const target of [`http://${EVIL}`, 'http://', '*', `//${EVIL}/authorize`, '\\\\evil.example', `javascript:alert(1)`]) {
      const answer = await sendRaw(port, [`GET ${target} HTTP/1.1\r\nHost: ${EVIL}\r\nConnection: close\r\n\r\n`])
      expect([target, /^HTTP\/1\.1 4\d\d|^HTTP\/1\.1 200/.test(answer), answer.includes(EVIL)]).toEqual([target, true, false])
    }
  })

  test('R-066, V-04 a sign-in sent through strange hosts leads where it should, and so does its mail', async () => {
    const visitor = createVisitor(stage.service)
    const url = await stage.authorizeUrl(visitor)
    const { origin: _origin, ...headers } = spoofed
    const begun = await visitor.get(url, headers)
    expect(new URL(begun.location ?? '').origin).toBe(stage.service.issuer)
    const page = await visitor.get(begun.location ?? '', headers)
    expect(page.text).not.toContain(EVIL)
    const form = page.forms.find(({ fields }) => fields.includes('identifier'))
    const email = 'hosts@fabrikam.example'
    const sent = await visitor.post(form?.action ?? '', { ...form?.values, identifier: email }, headers)
    expect([sent.status, sent.headers.location]).toEqual([303, new URL(begun.location ?? '').pathname])
    const mail = await stage.mailbox.next(email)
    expect(mail.raw).not.toContain(EVIL)
    expect(mail.link?.startsWith(`${stage.service.issuer}/sign-in/`)).toBe(true)
    const end = await visitor.follow(await visitor.post(`${begun.location}/answer`, { ...form?.values, code: mail.code ?? '' }))
    expect((await visitor.get(end.location ?? '')).status).toBe(200)
  })

  test('R-003, R-067 no parameter of any page becomes an address to go to', async () => {
    const walk = await ask(stage, 'redirects@fabrikam.example')
    const { link } = await stage.mailbox.next('redirects@fabrikam.example')
    const { issuer } = stage.service
    const paths = [
      '/authorize',
      '/logout',
      '/logout/success',
      '/token',
      '/',
      '/nowhere',
      `/sign-in/${walk.uid}`,
      `/sign-in/${walk.uid}/continue`,
      new URL(link ?? '').pathname,
    ]
    const names = [
      'next',
      'returnTo',
      'return_to',
      'redirect',
      'redirect_uri',
      'post_logout_redirect_uri',
      'continue',
      'url',
      'lang',
      'ui_locales',
      'login_hint',
      'state',
      'iss',
      'client_id',
      'logo_uri',
      'request_uri',
    ]
    for (const path of paths) {
      for (const value of [
        `https://${EVIL}/`,
        `//${EVIL}/`,
        `/\\${EVIL}/`,
        `\\\\${EVIL}`,
        `javascript:alert('${EVIL}')`,
        `https://${stage.service.issuer}@${EVIL}`,
      ]) {
        const query = new URLSearchParams(names.map((name): [string, string] => [name, value]))
        const page = await walk.visitor.get(`${issuer}${path}?${query}`)
        expect([path, value, page.status < 500, leadsAway(page)]).toEqual([path, value, true, []])
      }
      for (const name of names) {
        const page = await walk.visitor.get(`${issuer}${path}?${name}=${encodeURIComponent(`https://${EVIL}/`)}`)
        expect([path, name, page.status < 500, leadsAway(page)]).toEqual([path, name, true, []])
      }
    }
    const page = await walk.visitor.open(walk.home)
    const sent = await walk.visitor.post(`${walk.home}/answer?next=https://${EVIL}`, {
      ...page.forms[0]?.values,
      code: 'x',
      next: `https://${EVIL}`,
      returnTo: `//${EVIL}`,
    })
    expect(sent.headers.location).toBe(`/sign-in/${walk.uid}`)
  })
})

/** Every address on the page or in its headers that leads to the stranger. */
function leadsAway({ text, headers }: Page): string[] {
  const links = [...text.matchAll(/(?:href|src|action|formaction|content)\s*=\s*["']?([^"'\s>]+)/gi)].map(([, url]) => url ?? '')
  const all = [...links, headers.location ?? '', String(headers.refresh ?? ''), String(headers.link ?? '')]
  return all.filter((url) => url.replace(/[?#].*$/, '').includes(EVIL))
}

describe('what is reflected', () => {
  test('R-138 the name of an application, hints and states stand on pages and in mails as text only', async () => {
    const payload = `"><script>alert(1)</script><img src=x onerror=alert(2)>'{{constructor}}\u2028`
    const walk = await arrive(stage, undefined, {
      login_hint: payload,
      state: payload,
      nonce: payload,
      ui_locales: payload,
      display: 'page',
    })
    expect(walk.page.text).not.toMatch(/<script>alert|<img src=x|onerror=alert\(\d\)>/)
    expect(walk.page.forms[0]?.values.identifier ?? walk.page.words).toBeTruthy()
    expect(walk.page.words).toContain('Robert')
    const waiting = await ask(stage, 'reflected@fabrikam.example')
    expect(waiting.page.text).not.toContain('<img src=x')
    const mail = await stage.mailbox.next('reflected@fabrikam.example')
    expect(mail.html).not.toContain('<img src=x')
    expect(`${mail.subject}${mail.text}${mail.html}`).not.toContain(String(7919 * 7907))
    for (const path of ['/authorize', '/logout', '/userinfo', '/nowhere', `/sign-in/${encodeURIComponent(payload)}`]) {
      const names = [
        'client_id',
        'redirect_uri',
        'response_type',
        'scope',
        'state',
        'error',
        'error_description',
        'error_hint',
        'id_token_hint',
        'ui_locales',
        'prompt',
        'response_mode',
      ]
      for (const name of names) {
        const page = await walk.visitor.get(
          `${stage.service.issuer}${path}?client_id=test-app&${name}=${encodeURIComponent(payload)}`,
        )
        expect([
          path,
          name,
          page.status < 500,
          /<script>alert|<img src=x/.test(page.headers['content-type']?.includes('html') ? page.text : ''),
        ]).toEqual([path, name, true, false])
      }
    }
  })

  test('R-139 a language that is none of ours is English, and never a path or a part of an object', async () => {
    const { issuer } = stage.service
    const plain = (await send(`${issuer}/nowhere`, { headers: { accept: 'text/html' } })).text.replace(/DW-[\w-]+|\d\d:\d\d/g, '')
    for (const language of [
      '../../etc/passwd',
      '__proto__',
      'constructor',
      'toString',
      '..%2f..%2fetc',
      'de/../en',
      'x'.repeat(5000),
      '*',
      'hasOwnProperty-DE',
    ]) {
      const walk = await arrive(stage, undefined, { ui_locales: language })
      const header = [...language]
        .filter((char) => char > '\u001f' && char < '\u007f')
        .join('')
        .slice(0, 4000)
      // Neither the request nor the browser names a language that we have.
      const page = await walk.visitor.get(walk.page.url, { 'accept-language': header })
      expect([language, page.status, /<html lang="en"/.test(page.text)]).toEqual([language, 200, true])
      const answer = await send(`${issuer}/nowhere`, { headers: { accept: 'text/html', 'accept-language': header } })
      expect([language, answer.text.replace(/DW-[\w-]+|\d\d:\d\d/g, '')]).toEqual([language, plain])
    }
  })
})
