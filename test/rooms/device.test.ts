import { expect, test } from '@jest/globals'
import { deviceName } from '../../src/signin/index.ts'

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0'
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'

test('a browser is named the same however often it asks, and whatever others make up in between', () => {
  for (let round = 0; round < 3; round++) {
    expect([FIREFOX, SAFARI, '<b>me</b>', undefined].map(deviceName)).toEqual([
      'Firefox on Windows',
      'Safari on iOS',
      'Unknown browser',
      'Unknown browser',
    ])
    for (let made = 0; made < 600; made++) deviceName(`<i>${round}</i> ${made}`)
  }
})
