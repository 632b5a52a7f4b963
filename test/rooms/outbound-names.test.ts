import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { OutboundFailed } from '../../src/base/index.ts'
import { createGuard } from '../../src/base/outbound/guard.ts'
import { createLookup } from '../../src/base/outbound/lookup.ts'
import { tempFolder } from '../support/temp-folder.ts'

const NOTHING = { networks: [], hosts: [] }
const asked = { timeoutMs: 2000, bytesMax: 1000, expects: [200] }

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error: unknown) => (error instanceof OutboundFailed ? error.reason : String(error)),
  )

test('F-52 a name server that is silent holds up no other name of the process', async () => {
  let questions = 0
  const silent = createSocket('udp4').on('message', () => questions++)
  sockets.push(silent)
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve))
  const guarded = createGuard({ allow: NOTHING, trial: false, nameServers: [`127.0.0.1:${silent.address().port}`] })
  const hosts = ['one.example', 'two.example', 'three.example', 'four.example', 'five.example']
  const asking = hosts.map((host) => reasonOf(guarded({ ...asked, url: `https://${host}/` })))
  const other = lookup('localhost').then(() => 'known meanwhile')
  expect(await Promise.race([other, ...asking])).toBe('known meanwhile')
  expect(await Promise.all(asking)).toEqual(hosts.map(() => 'timeout'))
  expect(questions).toBeGreaterThanOrEqual(2 * hosts.length)
})

test('R-160 a name of the hosts file is known, and judged like any other; DNS is asked for the rest', async () => {
  const folder = await tempFolder('hosts')
  const hostsFile = join(folder, 'hosts')
  await writeFile(hostsFile, '127.0.0.2 inside.example # 127.0.0.3 not.example\n::1\tother.example Shop.example\n')
  const names = createLookup({ hostsFile, nameServers: ['127.0.0.1:1'] })
  const find = (host: string) => names(host, AbortSignal.timeout(5000)).catch(({ reason }: OutboundFailed) => reason)
  expect(await find('inside.example')).toEqual([{ address: '127.0.0.2', family: 4 }])
  expect(await find('SHOP.example.')).toEqual([{ address: '::1', family: 6 }])
  expect(await find('localhost')).toEqual(expect.arrayContaining([{ address: '127.0.0.1', family: 4 }]))
  expect(await find('not.example')).toBe('name_not_found')
  const guarded = createGuard({ allow: NOTHING, trial: false, hostsFile })
  expect(await reasonOf(guarded({ ...asked, url: 'https://inside.example/' }))).toBe('address_not_allowed')
})

test('R-160 addresses of both families are found, and one family that is silent is not waited for', async () => {
  const server = createSocket('udp4')
  sockets.push(server)
  let unanswered = 0
  server.on('message', (question, { port }) => {
    const end = question.indexOf(0, 12)
    const type = question.readUInt16BE(end + 1)
    const silentFor6 = question.subarray(12, end).includes('half')
    if (type === 28 && silentFor6) return void unanswered++
    const data = type === 1 ? Buffer.from([192, 168, 7, 7]) : Buffer.from('fd000000000000000000000000000007', 'hex')
    const head = Buffer.from(question.subarray(0, 12))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(1, 6)
    head.writeUInt16BE(0, 10)
    const answer = Buffer.alloc(12)
    answer.writeUInt16BE(0xc00c, 0)
    answer.writeUInt16BE(type, 2)
    answer.writeUInt16BE(1, 4)
    answer.writeUInt16BE(data.length, 10)
    server.send(Buffer.concat([head, question.subarray(12, end + 5), answer, data]), port, '127.0.0.1')
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  const names = createLookup({ nameServers: [`127.0.0.1:${server.address().port}`] })
  const four = { address: '192.168.7.7', family: 4 }
  expect(await names('both.example', AbortSignal.timeout(5000))).toEqual([four, { address: 'fd00::7', family: 6 }])
  expect(await names('half.example', AbortSignal.timeout(5000))).toEqual([four])
  expect(unanswered).toBe(1) // and not until it is asked again, after a second, and given up
})
