import { test } from '@jest/globals'
import { readsFirst, readsInOwnBrowser, setScene } from './mail-robots.ts'

setScene()

// The most eager ones; `robots.long.test.ts` has all.
test.each([
  ['posts to every address it sees', 'link'],
  ['posts to every address it sees', 'code'],
  ['presses whatever can be pressed', 'link'],
] as const)(
  'R-054, R-055 a robot reads the mail first and %s: nothing has changed by it, it is signed in nowhere, and the person goes on by the %s',
  readsFirst,
)

test('R-054 a robot in the person’s own browser (a prefetching extension) changes nothing either', readsInOwnBrowser)
