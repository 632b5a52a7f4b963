import { describe, test } from '@jest/globals'
import { readsFirst, robots, setScene } from './mail-robots.ts'

setScene()

describe.each(Object.keys(robots))('a robot reads the mail first: it %s', (name) => {
  test.each(['link', 'code'] as const)(
    'R-054, R-055 nothing has changed by it, it is signed in nowhere, and the person goes on by the %s',
    (face) => readsFirst(name, face),
  )
})
