import { describe, expect, test } from '@jest/globals'
import { decide, type Level, levelOf, type Requirement } from '../../src/signin/index.ts'

const NOTHING = {
  ...{ apps: 0, passkeys: 0, demanded: false, recoveryCodes: 0 },
  ...{ otherChannel: null, remembered: false, keptProven: false, passkeyProven: false },
} as const
const APP = { ...NOTHING, apps: 1, demanded: true } as const
/** Set up to skip the mail, and no more. */
const PASSKEY = { ...NOTHING, passkeys: 1 } as const
const PASSKEY_DEMANDED = { ...PASSKEY, demanded: true, recoveryCodes: 3 } as const
const PASSKEY_GIVEN = { ...PASSKEY_DEMANDED, keptProven: true, passkeyProven: true, otherChannel: 'email' } as const
const APP_AND_CODES = { ...APP, recoveryCodes: 3 } as const
const APP_GIVEN = { ...APP_AND_CODES, keptProven: true } as const
const PHONE = { ...NOTHING, otherChannel: 'sms' } as const

function want(secondFactor: Requirement['secondFactor'], level?: Level, essential = false): Requirement {
  return { secondFactor, acr: level ? { level, essential } : null }
}

const proof = (kind: string) => ({ kind, amr: [kind], level: 1 as const, at: '2026-11-21T14:02:00Z' })

describe('how much was proven', () => {
  test('R-102, R-069 one kind counts once; two channels are two, and only an authenticator makes three', () => {
    expect(levelOf([proof('email')])).toBe(1)
    expect(levelOf([proof('email'), proof('email')])).toBe(1)
    expect(levelOf([proof('email'), proof('sms')])).toBe(2)
    expect(levelOf([proof('email'), proof('recovery')])).toBe(2)
    expect(levelOf([proof('email'), proof('totp')])).toBe(3)
    expect(levelOf([proof('email'), proof('sms'), proof('totp')])).toBe(3)
  })

  test('R-111, R-069 a passkey alone is one proof; with user verification, or another proof, it is phishing-resistant', () => {
    const touched = { ...proof('passkey'), amr: ['passkey', 'pop', 'user'] }
    const verified = { ...touched, amr: [...touched.amr, 'uv'], level: 2 as const }
    expect([[touched], [touched, proof('email')], [verified]].map(levelOf)).toEqual([1, 4, 4])
    expect(levelOf([proof('email'), proof('totp'), verified])).toBe(4)
  })

  test('R-117 a recovery code or an authenticator alone is one proof', () => {
    expect(levelOf([proof('recovery')])).toBe(1)
    expect(levelOf([proof('totp')])).toBe(1)
  })
})

describe('what comes next', () => {
  const enough = { next: 'enough' }
  const enrol = { next: 'enrol', methods: ['passkey', 'totp'] }
  const enrolKey = { next: 'enrol', methods: ['passkey'] }
  const unmet = { next: 'unmet' }
  const second = (...methods: string[]) => ({ next: 'second', methods })

  test.each([
    // requirement, reached, means, decision
    ['nothing is asked', want('off'), 1, NOTHING, enough],
    ['nothing is asked', want('optional'), 1, NOTHING, enough],
    ['R-101 whoever has an authenticator is asked for it, even where no policy wants one', want('off'), 1, APP, second('totp')],
    ['R-101', want('optional'), 1, APP, second('totp')],
    ['R-101 another channel does not stand in for it', want('required'), 1, { ...APP, otherChannel: 'sms' }, second('totp')],
    ['a recovery code stands in for a lost one', want('optional'), 1, APP_AND_CODES, second('totp', 'recovery')],
    ['it was given', want('required'), 3, APP_GIVEN, enough],
    ['a recovery code was', want('required'), 2, APP_GIVEN, enough],
    ['R-101 nor do both channels together', want('optional'), 2, APP_AND_CODES, second('totp', 'recovery')],
    ['R-101 nor for what is asked', want('required', 2), 2, APP, second('totp')],
    ['required, and another channel is on file', want('required'), 1, PHONE, second('sms')],
    ['required, and both channels were proven', want('required'), 2, NOTHING, enough],
    ['required, and there is nothing yet', want('required'), 1, NOTHING, enrol],
    ['optional asks nobody for another channel', want('optional'), 1, PHONE, enough],
    ['R-121 a remembered device takes the place of it', want('required'), 1, { ...APP, remembered: true }, enough],
    ['R-121 and never of what an application asks for', want('optional', 3), 1, { ...APP, remembered: true }, second('totp')],
    ['R-101 nobody sets up a stronger one before', want('off', 4, true), 1, APP_AND_CODES, second('totp', 'recovery')],
    ['R-101 nor where it is merely wished for', want('off', 4), 1, APP, second('totp')],
    ['R-101 nor in a remembered browser', want('optional', 4, true), 1, { ...APP, remembered: true }, second('totp')],
    ['R-101 but whoever has shown it does', want('optional', 4, true), 3, APP_GIVEN, enrolKey],
    ['R-101 passkeys that are off are no less demanded', want('off'), 1, { ...NOTHING, demanded: true }, second()],
    ['R-032 level 3 asked for, by who can', want('optional', 3), 1, APP_AND_CODES, second('totp')],
    ['R-032 a recovery code is not level 3', want('optional', 3), 2, APP_AND_CODES, second('totp')],
    ['R-032 another channel is not level 3', want('optional', 3, true), 1, PHONE, enrol],
    ['level 2 asked for, by who has a phone', want('optional', 2), 1, PHONE, second('sms')],
    ['asked for without insisting, by who cannot: the lower level is told', want('optional', 3), 1, NOTHING, enough],
    ['R-032 insisted on, by who cannot yet', want('optional', 3, true), 1, NOTHING, enrol],
    ['R-032 insisted on where nobody may set one up', want('off', 3, true), 1, NOTHING, unmet],
    ['level 1 asked for', want('optional', 1, true), 1, NOTHING, enough],
    ['a passkey that skips the mail is not asked for after the mail', want('optional'), 1, PASSKEY, enough],
    ['R-101 it is once its person wants it so', want('off'), 1, PASSKEY_DEMANDED, second('passkey', 'recovery')],
    [
      'R-101 another channel does not stand in for it',
      want('off'),
      1,
      { ...PASSKEY_DEMANDED, otherChannel: 'sms' },
      second('passkey', 'recovery'),
    ],
    ['it was given, and verified its person', want('required'), 4, PASSKEY_GIVEN, enough],
    ['R-111 it was given, and did not: the address is asked for besides', want('off'), 1, PASSKEY_GIVEN, second('email')],
    [
      'required, by who has a passkey or a phone',
      want('required'),
      1,
      { ...PASSKEY, otherChannel: 'sms' },
      second('passkey', 'sms'),
    ],
    [
      'R-101 with an app it is one more way',
      want('off'),
      1,
      { ...APP_AND_CODES, passkeys: 1 },
      second('passkey', 'totp', 'recovery'),
    ],
    ['level 4 asked for, by who has one', want('optional', 4, true), 1, { ...APP_AND_CODES, passkeys: 1 }, second('passkey')],
    ['R-032 an app is not level 4', want('optional', 4, true), 3, APP_GIVEN, enrolKey],
    ['required, insisted on, and another channel is there: that first', want('required', 4, true), 1, PHONE, second('sms')],
    ['required, and more is wished for', want('required', 4), 1, PHONE, second('sms')],
    ['required and insisted on', want('required', 3, true), 2, PHONE, enrol],
  ] as const)('%s: %j, reached %d', (_why, requirement, reached, means, decision) => {
    expect(decide(requirement, reached, means)).toEqual(decision)
  })

  test('R-101 whoever asks for more is asked for no less: what is to be shown first is not set up instead', () => {
    const all = [NOTHING, PASSKEY, PASSKEY_DEMANDED, PASSKEY_GIVEN, APP, APP_AND_CODES, APP_GIVEN, PHONE]
    const askedFor = (['off', 'optional', 'required'] as const).flatMap((secondFactor) =>
      ([1, 2, 3, 4] as const).flatMap((level) => all.map((means) => ({ secondFactor, level, means }))),
    )
    for (const { secondFactor, level, means } of askedFor)
      for (const reached of [1, 2, 3] as const) {
        if (decide(want(secondFactor), reached, means).next !== 'second') continue
        for (const essential of [false, true])
          expect(decide(want(secondFactor, level, essential), reached, means).next).toBe('second')
      }
  })

  test('R-032 whatever there is, an essential level is met, worked towards, or refused: never lowered', () => {
    for (const secondFactor of ['off', 'optional', 'required'] as const)
      for (const level of [1, 2, 3, 4] as const)
        for (const reached of [1, 2, 3, 4] as const)
          for (const means of [
            NOTHING,
            PASSKEY,
            PASSKEY_DEMANDED,
            PASSKEY_GIVEN,
            APP,
            APP_AND_CODES,
            PHONE,
            { ...APP_AND_CODES, remembered: true },
          ]) {
            const decided = decide(want(secondFactor, level, true), reached, means)
            if (decided.next === 'enough') expect(reached).toBeGreaterThanOrEqual(level)
          }
  })
})
