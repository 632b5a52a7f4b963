import { type Secrets, sameText } from '../base/index.ts'
import { canonical } from './canonical.ts'
import { AdminFault } from './fault.ts'

/** Where the next page of a list begins. */
export interface Cursors {
  /**
   * A cursor behind the row whose sort key is `key`. It is bound to the list (its operation's name) and to what it was
   * filtered by: give the whole input, `limit` and `cursor` do not count.
   */
  seal(name: string, filter: Readonly<Record<string, unknown>>, key: readonly string[]): string
  /** The sort key again. Throws `AdminFault('bad_request')` for anything that `seal` did not make for this list. */
  open(name: string, filter: Readonly<Record<string, unknown>>, cursor: string): string[]
}

// 128 bits: it is no secret, it must only not be guessed.
const SIGNATURE_CHARACTERS = 22

/** Signed by a key of `SECRETS`, so that what reaches SQL is a key that this service itself has written. */
export function createCursors(secrets: Pick<Secrets, 'hmac' | 'ids'>): Cursors {
  function signature(name: string, filter: Readonly<Record<string, unknown>>, body: string, secretId?: string): string {
    const { limit: _limit, cursor: _cursor, ...bound } = filter
    return secrets
      .hmac('cursor', canonical([name, bound, body]), secretId)
      .toString('base64url')
      .slice(0, SIGNATURE_CHARACTERS)
  }

  return {
    seal(name, filter, key) {
      const body = Buffer.from(JSON.stringify(key)).toString('base64url')
      return `${body}.${signature(name, filter, body)}`
    },
    open(name, filter, cursor) {
      const [body = '', signed = ''] = cursor.split('.')
      const fits = secrets.ids.some((id) => sameText(`${body}.${signature(name, filter, body, id)}`, cursor))
      if (!fits || signed === '') {
        throw new AdminFault('bad_request', 'This cursor does not belong to this list: begin at the first page.', [
          { field: 'cursor', words: 'is none that this list has given with the same filter' },
        ])
      }
      return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as string[]
    },
  }
}
