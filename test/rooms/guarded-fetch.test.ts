import { describe, expect, test } from '@jest/globals'
import { guardedFetch, isInternal } from '../../src/oidc/guarded-fetch.ts'

describe('addresses that clients name', () => {
  test.each([
    ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254'],
    ...['100.64.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::7f00:1'],
    ...['64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::', 'fc00::1', 'fd12::1', 'fe80::1', 'ff02::1', 'no address'],
  ])('R-160 %s is internal', (address) => {
    expect(isInternal(address)).toBe(true)
  })

  test.each([
    '1.1.1.1',
    '172.32.0.1',
    '172.15.255.255',
    '11.0.0.1',
    '100.128.0.1',
    '169.253.0.1',
    '2606:4700::1111',
    '2a00:1450::8a',
  ])('R-160 %s is public', (address) => {
    expect(isInternal(address)).toBe(false)
  })

  test('R-160 nothing goes out in clear, to a name of this machine, or by a number that is no dotted one', async () => {
    const options = { dispatcher: {} } as never
    for (const url of ['http://1.1.1.1/', 'https://localhost/', 'https://2130706433/', 'https://0x7f.1/', 'https://[::1]/']) {
      await expect(guardedFetch(url, options)).rejects.toThrow(/https|internal/)
    }
  })

  test('R-165 without the guard of the engine nothing goes out', async () => {
    await expect(guardedFetch('https://1.1.1.1/', {} as never)).rejects.toThrow('no guard')
  })
})
