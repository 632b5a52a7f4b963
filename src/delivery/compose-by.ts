import type { DeliveryDeps } from './delivery.ts'

type Compose = DeliveryDeps['compose']

/** Each message is put into words where they are known: what tells something by its notice, all else by its challenge. */
export function composeBy(words: { challenge: Compose; notice: Compose }): Compose {
  return (delivery) => (delivery.noticeId ? words.notice(delivery) : words.challenge(delivery))
}
