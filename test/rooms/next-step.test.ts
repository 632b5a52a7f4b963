import { describe, expect, test } from '@jest/globals'
import type { Attempt } from '../../src/signin/index.ts'
import { nextStep } from '../../src/signin/index.ts'

const now = new Date('2026-11-21T14:02:00Z')
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000)

function attemptWith(
  changes: { state?: Attempt['state']; provenAt?: Date; challenge?: Partial<Attempt['challenges'][number]> } = {},
): Attempt {
  const challenge = { state: 'open', tries: 0, expiresAt: at(600), ...changes.challenge } as Attempt['challenges'][number]
  const proofs = [{ kind: 'email', amr: ['email_code'], level: 1, at: (changes.provenAt ?? now).toISOString() }]
  return { id: 'a', state: changes.state ?? 'open', proofs, challenges: [challenge] } as unknown as Attempt
}

describe('which screen is next follows from what is stored, and from nothing else', () => {
  test('nothing is known: ask who it is', () => {
    expect(nextStep(null, now).screen).toBe('identify')
    expect(nextStep(attemptWith({ state: 'ended' }), now).screen).toBe('identify')
  })

  test('R-051 a challenge waits until its last moment, and not a second longer', () => {
    expect(nextStep(attemptWith({ challenge: { expiresAt: at(1) } }), now).screen).toBe('wait')
    expect(nextStep(attemptWith({ challenge: { expiresAt: at(0) } }), now).screen).toBe('attempt-ended')
  })

  test('with under three minutes left the page offers to start again', () => {
    expect(nextStep(attemptWith({ challenge: { expiresAt: at(181) } }), now)).toMatchObject({ nearEnd: false })
    expect(nextStep(attemptWith({ challenge: { expiresAt: at(180) } }), now)).toMatchObject({ nearEnd: true })
  })

  test('a proven attempt never resumes by itself in a tab that waited', () => {
    expect(nextStep(attemptWith({ state: 'proven', challenge: { state: 'used' } }), now).screen).toBe('gone-on')
  })

  test('R-051 a proof that nobody went on with is good for ten minutes, like a code', () => {
    expect(nextStep(attemptWith({ state: 'proven', provenAt: at(-599) }), now).screen).toBe('gone-on')
    expect(nextStep(attemptWith({ state: 'proven', provenAt: at(-600) }), now).screen).toBe('identify')
  })
})
