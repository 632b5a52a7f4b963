import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer as createPlain } from 'node:http'
import { createServer as createTls } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createAddressRules, createMetrics, createOutbound, isInternal, OutboundFailed } from '../../src/base/index.ts'
import type { Resolved } from '../../src/base/outbound/exchange.ts'
import { createGuard } from '../../src/base/outbound/guard.ts'
import { proveGuard } from '../../src/base/outbound/outbound.ts'
import { readConfig } from '../../src/config/index.ts'
import { selfSigned } from '../support/certificate.ts'
import { tempFolder } from '../support/temp-folder.ts'

const NOTHING = { networks: [], hosts: [] }
const asked = { timeoutMs: 2000, bytesMax: 1000, expects: [200] }

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A server that must not be touched. */
async function canary(): Promise<{ port: number; touched(): boolean }> {
  let touched = false
  const server = createServer((socket) => {
    touched = true
    socket.destroy()
  })
  return { port: await listening(server), touched: () => touched }
}

const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error: unknown) => (error instanceof OutboundFailed ? error.reason : String(error)),
  )

describe('addresses that clients name', () => {
  test.each([
    ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254'],
    ...['100.64.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::7f00:1'],
    ...['64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::', 'fc00::1', 'fd12::1', 'fe80::1', 'ff02::1', 'no address'],
  ])('R-160 %s is internal', (address) => {
    expect(isInternal(address)).toBe(true)
  })

  test.each([
    ...['1.1.1.1', '172.32.0.1', '172.15.255.255', '11.0.0.1', '100.128.0.1', '169.253.0.1', '2606:4700::1111'],
    '2a00:1450::8a',
  ])('R-160 %s is public', (address) => {
    expect(isInternal(address)).toBe(false)
  })

  test('R-160 a list opens the networks and hosts that it names, and no others', () => {
    const allows = createAddressRules({ networks: ['10.96.0.0/12', 'fd00::/8'], hosts: ['*.svc.cluster.local', 'app.internal'] })
    expect(allows('any.example', '10.97.0.1')).toBe(true)
    expect(allows('any.example', '10.112.0.1')).toBe(false)
    expect(allows('any.example', 'fd12::1')).toBe(true)
    expect(allows('any.example', '::ffff:10.97.0.1')).toBe(true)
    expect(allows('shop.default.svc.cluster.local', '192.168.1.1')).toBe(true)
    expect(allows('Shop.Default.svc.cluster.local.', '192.168.1.1')).toBe(true)
    expect(allows('app.internal', '172.16.3.4')).toBe(true)
    expect(allows('not-app.internal', '172.16.3.4')).toBe(false)
    expect(allows('svc.cluster.local', '192.168.1.1')).toBe(false)
    expect(allows('svc.cluster.local.evil.example', '192.168.1.1')).toBe(false)
    expect(allows('any.example', '1.1.1.1')).toBe(true)
  })

  test.each(['169.254.169.254', '::ffff:169.254.169.254', '0.0.0.0', '::', 'fe80::1', 'fd00:ec2::254', '168.63.129.16'])(
    'R-160 no list opens %s',
    (address) => {
      const everything = { networks: ['169.254.0.0/16', 'fd00::/8', '0.0.0.0/8', 'fe80::/10'], hosts: ['app.internal'] }
      expect(createAddressRules(everything)('app.internal', address)).toBe(false)
    },
  )

  test('R-160 behind a translator to the IPv4 world what lies there is judged', () => {
    const allows = createAddressRules({ networks: ['64:ff9b::/96'], hosts: [] })
    expect(allows('any.example', '64:ff9b::101:101')).toBe(true)
    expect(allows('any.example', '64:ff9b::7f00:1')).toBe(false)
    expect(allows('any.example', '64:ff9b::a9fe:a9fe')).toBe(false)
    expect(allows('any.example', '64:ff9b::1')).toBe(false)
    expect(createAddressRules(NOTHING)('any.example', '64:ff9b::101:101')).toBe(false)
  })
})

describe('the guard', () => {
  const guard = createGuard({ allow: NOTHING, trial: false })

  test('R-160 nothing goes out in clear, nor to this machine by whatever name, and no byte arrives', async () => {
    const { port, touched } = await canary()
    const hosts = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '0177.0.0.1', '[::ffff:7f00:1]', '0.0.0.0', '127.1']
    for (const host of hosts) {
      expect([host, await reasonOf(guard({ ...asked, url: `https://${host}:${port}/` }))]).toEqual([host, 'address_not_allowed'])
    }
    expect(await reasonOf(guard({ ...asked, url: `http://localhost:${port}/` }))).toBe('not_https')
    expect(await reasonOf(guard({ ...asked, url: 'http://1.1.1.1/' }))).toBe('not_https')
    expect(touched()).toBe(false)
  })

  test('R-160 a name that says something else the second time is asked once, and never connected to by itself', async () => {
    const { port, touched } = await canary()
    let times = 0
    const resolve = async (): Promise<Resolved[]> => {
      times += 1
      return [{ address: times === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }]
    }
    // Another address of this machine stands for the public one: nobody answers there.
    const rebinding = createGuard({ allow: { networks: ['127.0.0.2'], hosts: [] }, trial: false, resolve })
    expect(await reasonOf(rebinding({ ...asked, url: `https://rebind.example:${port}/` }))).toBe('connection_refused')
    expect(times).toBe(1)
    expect(touched()).toBe(false)
  })

  test('R-160 a connection is used for one request: the next goes where the name leads by then', async () => {
    const port = await listening(createPlain((_request, response) => void response.end('here')))
    const addresses = ['127.0.0.1', '127.0.0.2']
    const resolve = async () => [{ address: addresses.shift() ?? '', family: 4 }]
    const moving = createGuard({ allow: NOTHING, trial: true, resolve })
    const ask = () => reasonOf(moving({ ...asked, url: `http://localhost:${port}/` }))
    expect(await ask()).toBe('answered')
    expect(await ask()).toBe('connection_refused')
  })

  test('R-160 one internal address among several is enough to refuse a name', async () => {
    const { port, touched } = await canary()
    const resolve = async () => ['1.1.1.1', '127.0.0.1'].map((address) => ({ address, family: 4 }))
    const guarded = createGuard({ allow: NOTHING, trial: false, resolve })
    expect(await reasonOf(guarded({ ...asked, url: `https://both.example:${port}/` }))).toBe('address_not_allowed')
    expect(touched()).toBe(false)
  })

  test('F-53 size, time, redirects and the number at once are bounded', async () => {
    const trial = createGuard({ allow: NOTHING, trial: true })
    let waiting = 0
    let sent = 0
    const server = createPlain((request, response) => {
      if (request.url === '/moved') return void response.writeHead(302, { location: 'https://1.1.1.1/' }).end()
      if (request.url === '/broken') return void response.writeHead(500).end('no')
      if (request.url === '/told') return void response.writeHead(200, { 'content-length': 10_000_000 }).write('x')
      if (request.url === '/hang') return void waiting++
      if (request.url === '/early') {
        for (let times = 0; times < 4; times++) response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' })
        return void response.end('here')
      }
      if (request.url === '/earlier') {
        response.on('close', () => clearInterval(hints))
        const hints = setInterval(() => {
          for (let times = 0; times < 100; times++) request.socket.write('HTTP/1.1 103 Early Hints\r\n\r\n')
        }, 1)
        return
      }
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) sent += 65_536
      }
      response.on('drain', more)
      return more()
    })
    const port = await listening(server)
    const at = (path: string, more = {}) => reasonOf(trial({ ...asked, ...more, url: `http://127.0.0.1:${port}${path}` }))
    expect(await at('/moved')).toBe('redirected')
    expect(await at('/broken')).toBe('status_500')
    expect(await at('/told')).toBe('too_large')
    expect(await at('/endless')).toBe('too_large')
    expect(await at('/early')).toBe('answered')
    expect(await at('/earlier')).toBe('not_http')
    expect(sent).toBeLessThan(20_000_000)
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map(() => at('/hang', { timeoutMs: 300 })))
    expect(all.sort()).toEqual(['busy', 'busy', 'timeout', 'timeout', 'timeout', 'timeout'])
    expect(waiting).toBe(4)
    expect(await at('/hang', { timeoutMs: 100 })).toBe('timeout')
    server.closeAllConnections()
  })

  test('R-160 a host of the list is reached by https, with a certificate that is vouched for, and else not', async () => {
    const { privateKey, certificate } = selfSigned('localhost')
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const server = createTls({ key, cert: certificate }, (_request, response) => void response.end('here'))
    const port = await listening(server)
    const folder = await tempFolder('authority')
    await writeFile(join(folder, 'ca.pem'), certificate)
    const script = `
      import { createGuard } from './src/base/outbound/guard.ts'
      const guard = createGuard({ allow: { networks: [], hosts: ['localhost'] }, trial: false })
      const rest = { timeoutMs: 5000, bytesMax: 100, expects: [200] }
      const words = (answer) => answer.reason ?? answer.body.toString()
      for (const host of ['localhost', '127.0.0.1'])
        console.log(words(await guard({ url: 'https://' + host + ':${port}/', ...rest }).catch((error) => error)))
      const addresses = ['127.0.0.1', '127.0.0.2']
      const resolve = async () => [{ address: addresses.shift(), family: 4 }]
      const moving = createGuard({ allow: { networks: [], hosts: ['localhost'] }, trial: false, resolve })
      for (const _ of [1, 2])
        console.log(words(await moving({ url: 'https://localhost:${port}/', ...rest }).catch((error) => error)))`
    const said = async (env: Record<string, string>) => {
      const options = { env: { PATH: process.env.PATH ?? '', NODE_TLS_REJECT_UNAUTHORIZED: '0', ...env }, cwd: process.cwd() }
      return (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], options)).stdout
        .trim()
        .split('\n')
    }
    expect((await said({})).slice(0, 2)).toEqual(['certificate', 'address_not_allowed'])
    const vouched = await said({ NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') })
    expect(vouched.slice(0, 2)).toEqual(['here', 'address_not_allowed'])
    // The name leads elsewhere by now: a connection that was made before is not used again.
    expect(vouched.slice(2)).toEqual(['here', 'connection_refused'])
  })

  test('R-165 what proves the guard sees one that lets requests through', async () => {
    await expect(proveGuard(guard)).resolves.toBeUndefined()
    await expect(proveGuard(createGuard({ allow: { networks: ['127.0.0.0/8'], hosts: [] }, trial: false }))).rejects.toThrow(
      'does not hold',
    )
    const out = createOutbound({ allow: { networks: ['127.0.0.0/8'], hosts: [] }, trial: true, metrics: createMetrics() })
    await expect(out.prove()).resolves.toBeUndefined() // a list of the installation's own is no hole in it
    const resolve = () => Promise.reject(new OutboundFailed('of the guard in service'))
    const other = createOutbound({ allow: NOTHING, trial: false, metrics: createMetrics(), resolve })
    await expect(other.prove()).rejects.toThrow('does not hold')
  })
})

describe('OUTBOUND_ALLOW', () => {
  const faultsOf = (text: string) => {
    const read = readConfig({ OUTBOUND_ALLOW: text }, { files: () => '' })
    return read.ok ? read.config.outboundAllow : read.faults.map(({ name }) => name)
  }

  test.each(['*', '0.0.0.0/0', '::/0', '*.local', '10.0.0.0/4', '*.*.example', '10.0.0.0/33', '300.1.1.1', 'a b/c', 'app_x!'])(
    'R-160 %s is a fault: the guard is never switched off',
    (text) => {
      expect(faultsOf(text)).toContain('OUTBOUND_ALLOW')
    },
  )

  test.each([
    '::/7',
    '::/64',
    '::/80',
    '::ffff:0:0/96',
    '::ffff:0:0/97',
    '::ffff:10.0.0.0/104',
    '::ffff:10.1.2.3',
    'fd00::1%eth0',
  ])('R-160 %s is a fault: no network of IPv6 opens addresses of IPv4 by the way', (text) => {
    expect(faultsOf(text)).toContain('OUTBOUND_ALLOW')
  })

  test('R-160 the address of this host in IPv6 and networks of IPv6 alone may be named', () => {
    const networks = ['::1', '64:ff9b::/96', 'fc00::/7', '2001:db8::/32']
    expect(faultsOf(networks.join())).toEqual({ networks, hosts: [] })
    const allows = createAddressRules({ networks, hosts: [] })
    for (const address of ['127.0.0.1', '10.0.0.1', '192.168.1.1', '::ffff:10.0.0.1'])
      expect(allows('a.example', address)).toBe(false)
  })

  test('R-160 networks, addresses and names are told apart', () => {
    expect(faultsOf('10.96.0.0/12, 192.168.7.7 fd00::/8,*.svc.cluster.local App.internal')).toEqual({
      networks: ['10.96.0.0/12', '192.168.7.7', 'fd00::/8'],
      hosts: ['*.svc.cluster.local', 'app.internal'],
    })
    expect(faultsOf('')).toEqual({ networks: [], hosts: [] })
  })
})
