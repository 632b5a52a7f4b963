import { describe, expect, test } from '@jest/globals'
import { AdminFault, createCursors } from '../../src/admin/index.ts'
import { createSecrets } from '../../src/base/index.ts'

const [older, newest] = ['an older secret, of more than 32 characters', 'the newest secret, of more than 32 characters']
const cursors = createCursors(createSecrets([newest]))
const key = ['2030-01-01T00:00:00.000Z', 'the-id', 'ümlaut "quoted"']
const filter = { q: 'ada', state: 'active', limit: 25 }

function refusal(work: () => unknown): string {
  try {
    work()
    return 'opened'
  } catch (error) {
    return error instanceof AdminFault ? error.code : 'broken'
  }
}

describe('R-176 cursors', () => {
  const sealed = cursors.seal('accounts.list', filter, key)

  test('lead back to the key, whatever the size of the page and the order of the filter', () => {
    expect(cursors.open('accounts.list', { state: 'active', limit: 200, q: 'ada', cursor: sealed }, sealed)).toEqual(key)
  })

  test('are good for a URL as they are', () => expect(encodeURIComponent(sealed)).toBe(sealed))

  test.each<[string, string, Record<string, unknown>, string]>([
    ['of another list', 'clients.list', filter, sealed],
    ['of another filter', 'accounts.list', { ...filter, q: 'bo' }, sealed],
    ['of no filter', 'accounts.list', {}, sealed],
    ['with another key', 'accounts.list', filter, `${Buffer.from('["x"]').toString('base64url')}.${sealed.split('.')[1]}`],
    ['without a signature', 'accounts.list', filter, sealed.split('.')[0] ?? ''],
    ['with an empty signature', 'accounts.list', filter, `${sealed.split('.')[0]}.`],
    ['with more behind it', 'accounts.list', filter, `${sealed}.x`],
    ['that is empty', 'accounts.list', filter, ''],
    ['that is SQL', 'accounts.list', filter, "'; drop table account; --"],
  ])('%s are refused', (_, name, given, cursor) => {
    expect(refusal(() => cursors.open(name, given, cursor))).toBe('bad_request')
  })

  test('of an older secret lead on while it is configured, and no longer', () => {
    const old = createCursors(createSecrets([older])).seal('accounts.list', filter, key)
    expect(createCursors(createSecrets([newest, older])).open('accounts.list', filter, old)).toEqual(key)
    expect(refusal(() => cursors.open('accounts.list', filter, old))).toBe('bad_request')
  })
})
