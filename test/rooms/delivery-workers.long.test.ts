import { afterEach, describe, expect, test } from '@jest/globals'
import type { EmailAddress } from '../../src/base/index.ts'
import { query } from '../support/database.ts'
import { cleanUp, stage, TO } from './delivery-stage.ts'

afterEach(cleanUp)

describe('many workers, and workers that die', () => {
  test('F-32 twenty mails do not wait for one that hangs', async () => {
    const house = await stage()
    house.mailbox.setBehaviour(({ to }) => (to === 'hangs@fabrikam.example' ? 'drip' : 'accept'))
    const stuck = house.delivery.deliver(await house.order('hangs@fabrikam.example' as EmailAddress))
    const ids = await Promise.all(Array.from({ length: 20 }, () => house.order()))
    await Promise.all(ids.map((id) => house.delivery.deliver(id)))
    expect(house.mailbox.received).toHaveLength(20)
    expect(house.mailbox.seen.filter((mail) => mail.to === TO)).toHaveLength(20)
    await stuck
    const states = await query<{ state: string; count: number }>(
      house.url,
      'select state, count(*)::int from delivery group by 1 order by 1',
    )
    expect(states).toEqual([
      { state: 'deferred', count: 1 },
      { state: 'handed_over', count: 20 },
    ])
  })
})
