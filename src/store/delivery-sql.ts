/** Condition: what the delivery `d` is for has not ended by the moment `$now`. */
const stands = (now: string) => `
  d.give_up_at > ${now}::timestamptz and d.target <> '' and (
    exists (select from challenge h join attempt t on t.id = h.attempt_id
      where h.id = d.challenge_id and h.state = 'open' and h.expires_at > ${now}::timestamptz
        and t.state = 'open' and t.expires_at > ${now}::timestamptz)
    or exists (select from notice n where n.id = d.notice_id and n.objected_at is null))`

/** Condition: the delivery `d` waits for a try, and is worth one. */
export const mayWait = (now: string) => `(d.state in ('queued', 'deferred') and ${stands(now)})`

/** Condition: the delivery `d` was refused before anybody took it, may be tried again, and its address takes messages. */
export const mayGoAgain = (now: string) => `(
  d.state = 'refused' and d.handed_at is null and ${stands(now)} and not exists (
    select from suppression s where s.allowed_id is distinct from d.id
      and s.target_key = coalesce(d.target_key, (select h.target_key from challenge h where h.id = d.challenge_id))))`
