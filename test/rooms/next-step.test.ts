import { describe, expect, test } from '@jest/globals'
import type { Attempt } from '../../src/signin/index.ts'
import { nextStep } from '../../src/signin/index.ts'

const now = new Date('2026-11-21T14:02:00Z')
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000)

type Stored = Attempt['challenges'][number]

function challengeWith(changes: Partial<Stored> = {}): Stored {
  const sent = { targetKey: 'key', firstSentAt: at(0) }
  return { id: 'c', kind: 'email', state: 'open', tries: 0, expiresAt: at(600), ...sent, ...changes } as Stored
}

function attemptWith(
  changes: { state?: Attempt['state']; proven?: Date; by?: string; challenges?: Partial<Stored>[] } = {},
): Attempt {
  const proofs = changes.proven ? [{ kind: changes.by ?? 'email', amr: [], level: 1, at: changes.proven.toISOString() }] : []
  const challenges = (changes.challenges ?? [{}]).map(challengeWith)
  return { id: 'a', state: changes.state ?? 'open', asks: null, createdAt: at(-3600), proofs, challenges } as unknown as Attempt
}

describe('which screen is next follows from what is stored, and from nothing else', () => {
  test('nothing is known: ask who it is', () => {
    expect(nextStep(null, now).screen).toBe('identify')
    expect(nextStep(attemptWith({ state: 'ended' }), now).screen).toBe('identify')
  })

  test('R-051 a challenge waits until its last moment, and not a second longer', () => {
    expect(nextStep(attemptWith({ challenges: [{ expiresAt: at(1) }] }), now).screen).toBe('wait')
    expect(nextStep(attemptWith({ challenges: [{ expiresAt: at(0) }] }), now).screen).toBe('attempt-ended')
  })

  test('with under three minutes left the page offers to start again', () => {
    expect(nextStep(attemptWith({ challenges: [{ expiresAt: at(181) }] }), now)).toMatchObject({ nearEnd: false })
    expect(nextStep(attemptWith({ challenges: [{ expiresAt: at(180) }] }), now)).toMatchObject({ nearEnd: true })
  })

  test('a proven attempt never resumes by itself in a tab that waited', () => {
    expect(nextStep(attemptWith({ state: 'proven', proven: now, challenges: [{ state: 'used' }] }), now).screen).toBe('gone-on')
  })

  test('R-051 a proof that nobody went on with is good for ten minutes, like a code', () => {
    expect(nextStep(attemptWith({ state: 'proven', proven: at(-599) }), now).screen).toBe('gone-on')
    expect(nextStep(attemptWith({ state: 'proven', proven: at(-600) }), now).screen).toBe('identify')
  })

  test('nothing was sent yet: a number that was typed waits for a proof of work, one on file for its last digits', () => {
    const sms = { kind: 'sms', state: 'held' } as const
    expect(nextStep(attemptWith({ challenges: [sms] }), now).screen).toBe('proof-of-work')
    expect(nextStep(attemptWith({ challenges: [{ state: 'held' }] }), now).screen).toBe('proof-of-work')
    expect(nextStep(attemptWith({ challenges: [{ ...sms, state: 'unnamed' }, {}] }), now).screen).toBe('last-digits')
    expect(nextStep(attemptWith({ challenges: [sms, {}] }), now).screen).toBe('proof-of-work')
    expect(nextStep(attemptWith({ challenges: [{ ...sms, expiresAt: now }, {}] }), now).screen).toBe('attempt-ended')
  })

  test('the page speaks of the channel that was chosen last', () => {
    const both = [{ kind: 'sms', id: 'text' }, { id: 'mail' }]
    expect(nextStep(attemptWith({ challenges: both }), now)).toMatchObject({ screen: 'wait', challenge: { id: 'text' } })
    expect(nextStep(attemptWith({ challenges: both.toReversed() }), now)).toMatchObject({ challenge: { id: 'mail' } })
  })

  test('R-102 where one proof is not enough, the next is of another channel, and never of the same', () => {
    const used = { kind: 'sms', state: 'used' } as const
    const open = { by: 'sms', proven: now }
    expect(nextStep(attemptWith({ ...open, challenges: [used] }), now)).toMatchObject({ screen: 'second', proven: used })
    const mail = nextStep(attemptWith({ ...open, challenges: [used, { id: 'mail' }] }), now)
    expect(mail).toMatchObject({ screen: 'wait', challenge: { id: 'mail' } })
  })

  test('R-103 a second proof is not asked for before the first, and not after the first has grown old', () => {
    expect(nextStep(attemptWith({ challenges: [{ kind: 'sms', state: 'used' }] }), now).screen).not.toBe('second')
    const old = attemptWith({ by: 'sms', proven: at(-600), challenges: [{ kind: 'sms', state: 'used' }] })
    expect(nextStep(old, now).screen).toBe('attempt-ended')
  })
})
