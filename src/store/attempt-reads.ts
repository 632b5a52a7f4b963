import type { AttemptStore, StoredAttempt } from '../signin/index.ts'
import type { Database, Statement } from './database.ts'

// A page needs all of it: one statement brings what was typed wrong and what became of the message, too.
// `json`, not `jsonb`: it is only written out, and what is built is text at once.
const CHALLENGES = `
  (select coalesce(json_agg(json_build_object(
     'id', c.id, 'attemptId', c.attempt_id, 'kind', c.kind, 'target', c.target, 'targetKey', c.target_key,
     'secretId', c.secret_id, 'knownBrowser', c.known_browser, 'shortCode', c.short_code, 'state', c.state,
     'tries', c.tries, 'messages', c.messages, 'chosenAt', coalesce(c.chosen_at, c.first_sent_at), 'firstSentAt', c.first_sent_at, 'lastSentAt', c.last_sent_at,
     'lastHandedAt', c.last_handed_at, 'expiresAt', c.expires_at, 'usedAt', c.used_at,
     'failures', coalesce((select failures from guess_counter g where g.target_key = c.target_key and g.known_browser = c.known_browser), 0),
     'newest', (
       select json_build_object('channel', d.channel, 'state', d.state, 'reason', d.reason, 'target', d.target, 'dueAt', d.due_at,
         'handedAt', d.handed_at, 'deliveredAt', d.delivered_at)
       from delivery d where d.challenge_id = c.id order by d.created_at desc, d.id desc limit 1))
     order by coalesce(c.chosen_at, c.first_sent_at) desc), '[]')
   from challenge c where c.attempt_id = a.id`

const COLUMNS = `a.id, a.interaction_hash as "interactionHash", a.interaction as "interactionSealed", a.purpose,
  a.client_id as "clientId", a.state, a.device, a.locale, a.account_id as "accountId", a.proofs,
  a.requirement, a.asks, a.sealed,
  a.created_at as "createdAt", a.expires_at as "expiresAt"`

const history: Statement = {
  name: 'attempt_history',
  together: true,
  text: `select ${COLUMNS}, ${CHALLENGES}) as challenges from attempt a
         where a.interaction_hash = $1 order by a.created_at desc, a.state = 'open' desc, a.id limit 10`,
}

const ofChallenge: Statement = {
  name: 'attempt_of_challenge',
  text: `select ${COLUMNS}, ${CHALLENGES} and c.id = $1) as challenges from attempt a
         where a.id = (select attempt_id from challenge where id = $1)`,
}

/** Reads of attempts: each answers the attempts with their challenges, and what is known of these elsewhere. */
export function createAttemptReads(db: Pick<Database, 'run'>): Pick<AttemptStore, 'history' | 'ofChallenge'> {
  return {
    async history(interactionHash) {
      return (await db.run<StoredAttempt>(history, [interactionHash])).map(revived)
    },
    async ofChallenge(challengeId) {
      const row = (await db.run<StoredAttempt>(ofChallenge, [challengeId]))[0]
      return row ? revived(row) : null
    },
  }
}

// Inside JSON a moment is text.
function revived(row: StoredAttempt): StoredAttempt {
  return {
    ...row,
    challenges: row.challenges.map(({ newest, ...challenge }) => ({
      ...challenge,
      chosenAt: moment(challenge.chosenAt),
      firstSentAt: moment(challenge.firstSentAt),
      lastSentAt: moment(challenge.lastSentAt),
      lastHandedAt: momentOrNull(challenge.lastHandedAt),
      expiresAt: moment(challenge.expiresAt),
      usedAt: momentOrNull(challenge.usedAt),
      newest: newest && {
        ...newest,
        dueAt: moment(newest.dueAt),
        handedAt: momentOrNull(newest.handedAt),
        deliveredAt: momentOrNull(newest.deliveredAt),
      },
    })),
  }
}

const moment = (value: unknown): Date => new Date(String(value))
const momentOrNull = (value: unknown): Date | null => (value === null ? null : moment(value))
