import { addNumber } from '../protocol/second-walk.ts'
import { query } from './database.ts'
import { typeMailed } from './second-screens.ts'
import type { Stop, Walk } from './theatre.ts'
import { identify, press, typeAddress } from './walking.ts'

/** Mails to somebody's address come back: what they read on their account page, and what whoever has the mailbox reads. */
export async function* deadScreens(walk: Walk): AsyncGenerator<Stop> {
  const { stage, page, address } = walk
  const inside = await walk.elsewhere()
  await inside.goto(`${stage.service.issuer}/account`)
  await typeAddress(inside, address)
  await typeMailed(walk, inside)
  await query(stage.service.databaseUrl, 'update address set dead_since = created_at where canonical = $1', [address])
  await inside.goto(`${stage.service.issuer}/account/methods`)
  yield { name: 'account-methods-dead', page: inside }

  await identify(walk, '?prompt=login')
  await press(page, '.foot a')
  yield { name: 'help', page }
  await press(page, 'main a.btn')
  await typeMailed(walk, page)
  yield { name: 'second-none', page }

  await addNumber(stage.service, address, walk.number())
  await identify(walk, '?prompt=login')
  await typeMailed(walk, page)
  yield { name: 'second-factor-in-doubt', page }
}
