import { afterEach, describe, expect, test } from '@jest/globals'
import { type Address, addSeconds, type EmailAddress, type PhoneNumber } from '../../src/base/index.ts'
import type { Receipt } from '../../src/delivery/index.ts'
import { readGenericReceipt } from '../../src/delivery/receipts/generic-receipt.ts'
import { receiptsOf } from '../../src/delivery/receipts/sns-events.ts'
import { twilioReceipt } from '../../src/delivery/receipts/twilio-receipt.ts'
import type { SendResult } from '../../src/delivery/route.ts'
import { type Attempt, nextStep } from '../../src/signin/index.ts'
import { createPhases } from '../../src/signin/phases.ts'
import { decide, type Means } from '../../src/signin/policy.ts'
import { query } from '../support/database.ts'
import { asker, attemptsStage, EMAIL, PHONE } from './address-proof-stage.ts'
import { cleanUp, keyOf, NUMBER, START, stage } from './delivery-stage.ts'
import { addAddress, house, MARIA, OLD } from './notices-stage.ts'

const AT_HOME = 'maria@home.example' as EmailAddress
const SIGN_IN = 'interaction-of-a-sign-in'
const OFF = { secondFactor: 'off', acr: null } as const

afterEach(cleanUp)

const back = (address: Address, reason: 'bounced' | 'complained' | 'opted_out' | 'unreachable', lasting = true): Receipt => {
  const channel = address.includes('@') ? ('email' as const) : ('sms' as const)
  const gone = lasting && (reason === 'bounced' || reason === 'unreachable')
  return { channel, receiptId: null, address, outcome: 'failed', reason, lasting, ...(gone && { gone }) }
}

describe('an address that messages come back from', () => {
  async function maria() {
    const around = await house()
    await addAddress(around.url, around.accountId, AT_HOME)
    await addAddress(around.url, around.accountId, NUMBER, OLD, 'phone')
    const dead = async () => {
      const sql = 'select canonical from address where dead_since is not null order by canonical'
      return (await query<{ canonical: string }>(around.url, sql)).map(({ canonical }) => canonical)
    }
    const workAll = async () => {
      while (around.jobs.length > 0) await around.work()
    }
    return { ...around, dead, workAll }
  }

  test('V-25, R-184 is dead from then on, once, and all the others are told, by mail and by text', async () => {
    const { delivery, dead, workAll, mailbox, texted, count, events } = await maria()
    await Promise.all(Array.from({ length: 10 }, () => delivery.receipt(back(MARIA, 'bounced'))))
    expect(await dead()).toEqual([MARIA])
    expect([await count('notice'), (await events()).filter((event) => event === 'address.died').length]).toEqual([1, 1])
    await workAll()
    const mail = await mailbox.nextNotice(AT_HOME)
    expect([mail.subject, mail.objection]).toEqual(['An address of your account takes no messages', null])
    expect(texted.map(({ to, text }) => [to, /come back/.test(text)])).toEqual([[NUMBER, true]])
    expect(mailbox.received.filter(({ to }) => to === MARIA)).toEqual([])
  })

  test('a number that takes no messages for good as well; who complains or has stopped ours is still there', async () => {
    const { delivery, dead } = await maria()
    await delivery.receipt(back(MARIA, 'complained'))
    await delivery.receipt(back(NUMBER, 'opted_out'))
    await delivery.receipt(back(NUMBER, 'unreachable', false))
    await delivery.receipt(back('nobody@fabrikam.example' as Address, 'bounced'))
    expect(await dead()).toEqual([])
    await delivery.receipt(back(NUMBER, 'unreachable'))
    expect(await dead()).toEqual([NUMBER])
  })

  test('is revived for its own account alone, and told of again when it dies again', async () => {
    const { delivery, deaths, db, accountId, dead, count } = await maria()
    await delivery.receipt(back(MARIA, 'bounced'))
    const revive = (who: string | null) => db.transact((tx) => deaths.revive(tx, MARIA, { accountId: who }))
    expect([await revive('somebody else'), await revive(accountId), await revive(accountId)]).toEqual([false, true, false])
    expect(await dead()).toEqual([])
    await db.transact((tx) => delivery.lift(tx, keyOf(MARIA)))
    await delivery.receipt(back(MARIA, 'bounced'))
    expect([await dead(), await count('notice')]).toEqual([[MARIA], 2])
  })
})

describe('what messages come back for', () => {
  async function mailedTo(target: Address) {
    const around = await house()
    const handOver = (receiptId: string) =>
      query(
        around.url,
        `insert into delivery (id, channel, message, target, locale, state, tries, created_at, due_at, give_up_at, handed_at, route, receipt_id)
         values ($1, 'email', 'notice', $2, 'en', 'handed_over', 1, $3, $3, $3, $3, 'smtp', $1)`,
        [receiptId, target, around.clock.now()],
      )
    const isDead = async () => (await around.count('address where dead_since is not null')) > 0
    const revive = () => around.db.transact((tx) => around.deaths.revive(tx, MARIA, { accountId: around.accountId }))
    const lift = () => around.db.transact((tx) => around.delivery.lift(tx, keyOf(MARIA)))
    const bounce = (receiptId: string | null, address: Address = MARIA) =>
      around.delivery.receipt({ ...back(address, 'bounced'), receiptId })
    return { ...around, handOver, isDead, revive, lift, bounce }
  }

  test('V-25 the same receipt once more kills nobody who was revived meanwhile, nor does that of a mail from before a proof', async () => {
    const { handOver, isDead, revive, lift, bounce, url, wait, now } = await mailedTo(MARIA)
    await bounce('of no mail that is kept')
    expect([await isDead(), await revive()]).toEqual([true, true])
    await bounce('of no mail that is kept')
    expect(await isDead()).toBe(false)
    await handOver('first')
    await handOver('second')
    await bounce('first')
    expect([await isDead(), await revive(), await lift()]).toEqual([true, true, true])
    await bounce('first')
    expect(await isDead()).toBe(false)
    wait(1)
    await query(url, 'update address set proven_at = $1', [now()])
    await bounce('second')
    expect(await isDead()).toBe(false)
    await handOver('third')
    await bounce('third')
    expect(await isDead()).toBe(true)
  })

  test('V-25 where somebody has their mail forwarded to, nobody shuts the address by a bounce', async () => {
    const { handOver, isDead, bounce, count, url } = await mailedTo(MARIA)
    await handOver('r-77')
    await bounce('r-77', 'forwarded-to@elsewhere.example' as Address)
    expect([await isDead(), await count('suppression')]).toEqual([false, 0])
    expect(await query(url, 'select state from delivery')).toEqual([{ state: 'refused' }])
  })

  const ses = (bounceSubType: string) => {
    const bounce = { bounceType: 'Permanent', bounceSubType, bouncedRecipients: [{ emailAddress: MARIA }] }
    return receiptsOf(JSON.stringify({ eventType: 'Bounce', mail: { messageId: 'm' }, bounce }))
  }
  const text = (eventType: string) => receiptsOf(JSON.stringify({ eventType, destinationPhoneNumber: NUMBER }))
  const twilio = (code: number) => [
    twilioReceipt(
      new URLSearchParams({ MessageSid: 's', MessageStatus: 'undelivered', ErrorCode: `${code}`, To: NUMBER }).toString(),
    ),
  ]
  const own = (reason: string) => [readGenericReceipt(JSON.stringify({ address: MARIA, status: 'failed', reason }))]

  test.each([
    ['there is no such mailbox, says SES', ses('General'), { lasting: true, gone: true }],
    ['somebody complained once, says SES', ses('OnAccountSuppressionList'), { lasting: true }],
    ['it came back often, says SES', ses('Suppressed'), { lasting: true }],
    ['it is no number, says AWS', text('TEXT_INVALID'), { lasting: true, gone: true }],
    ['the phone takes none of ours, says AWS', text('TEXT_BLOCKED'), { lasting: true }],
    ['nobody has the number, says Twilio', twilio(30005), { lasting: true, gone: true }],
    ['it is a fixed line, or a carrier is away, says Twilio', twilio(30006), { lasting: true }],
    ['the phone is switched off, says Twilio', twilio(30003), { lasting: false }],
    ['the operator’s own service says so', own('bounced'), { lasting: true, gone: true }],
    ['the operator’s own service tells of a complaint', own('complained'), { lasting: true }],
  ])('V-25 an address dies where it is sure that nobody is there: %s', (_, receipts, told) => {
    const [receipt] = receipts
    const { lasting, gone } = receipt as Extract<Receipt, { outcome: 'failed' }>
    expect({ lasting, ...(gone && { gone }) }).toEqual(told)
  })

  test('V-25 a provider that refuses a number kills it only where it says that nobody has it', async () => {
    const answers: SendResult[] = []
    const send = async () => answers.shift() ?? { kind: 'accepted' as const }
    const deaths: Address[] = []
    const around = await stage({
      textRoutes: [{ name: 'carrier', deadlineSeconds: 5, send, close: async () => {} }],
      died: async (_tx, address) => void deaths.push(address),
    })
    for (const gone of [{}, { gone: true as const }]) {
      answers.push({ kind: 'refused', reason: 'unreachable', ...gone })
      await around.orderText()
      await around.work()
      expect(await query(around.url, 'delete from suppression returning reason')).toEqual([{ reason: 'unreachable' }])
      expect(deaths).toEqual(gone.gone ? [NUMBER] : [])
    }
  })
})

describe('a sign-in with it', () => {
  async function mailboxOf(...others: PhoneNumber[]) {
    const around = await attemptsStage()
    const { one, url, accountId, newest, wait } = around
    for (const address of [EMAIL, ...others]) {
      const kind = address === EMAIL ? 'email' : 'phone'
      await addAddress(url, accountId, address, addSeconds(START, -86_400), kind)
    }
    await query(url, 'update address set dead_since = $1, proven_at = $1 where canonical = $2', [START, EMAIL])
    await query(url, 'update address set proven_at = $1 where canonical <> $2', [START, EMAIL])
    const newestAttempt = async () => (await one.flow.history(SIGN_IN))[0] as Attempt
    /** Types the code of the challenge that is asked for. */
    const prove = async () => {
      const attempt = await newestAttempt()
      const challenge = attempt.challenges.find(({ state }) => state === 'open') as Attempt['challenges'][number]
      return one.prover.answerCode(attempt, challenge, (await newest()).code, asker)
    }
    /** Whoever reads the mailbox by now signs in. */
    const signIn = async (requirement: Attempt['requirement'] = OFF) => {
      const offer = one.flow.readIdentifier(EMAIL, ['DE'])
      if (offer === null || offer === 'unfit') throw new Error('the address takes no mail')
      await one.flow.start({ interactionUid: SIGN_IN, clientId: 'shop' }, offer, requirement, asker)
      const outcome = await prove()
      wait(1)
      return outcome
    }
    const screen = async () => nextStep(await newestAttempt(), around.clock.now()).screen
    const methods = async () => {
      const attempt = await newestAttempt()
      const account = await one.accounts.find(accountId)
      const decision = account && (await one.assess.next(attempt, account, attempt.proofs, asker))
      return decision?.next === 'second' ? decision.methods : decision?.next
    }
    const isDead = async () => (await around.count('address where dead_since is not null')) > 0
    return { ...around, signIn, prove, newestAttempt, screen, methods, isDead }
  }

  test('V-25 somebody who was given the mailbox gets into no account by it, and sets up nothing; the address begins no other', async () => {
    const { signIn, screen, methods, newestAttempt, isDead, count } = await mailboxOf()
    expect(await signIn({ secondFactor: 'required', acr: { level: 3, essential: true } })).toEqual({ outcome: 'second' })
    expect([await screen(), await methods()]).toEqual(['choose-factor', []])
    expect(await newestAttempt()).toMatchObject({ state: 'open', asks: 'second', proofs: [{ doubtful: true }] })
    expect([await count('account'), await count('address'), await isDead()]).toEqual([1, 1, true])
  })

  test('R-093 whoever has nothing else gets in again when an administrator answers for the address, and by nothing before', async () => {
    const { signIn, methods, isDead, one, db, wait } = await mailboxOf()
    for (let nth = 0; nth < 2; nth++) {
      expect([await signIn(), await methods(), await isDead()]).toEqual([{ outcome: 'second' }, [], true])
      wait(700)
    }
    expect(await db.transact((tx) => one.deaths.revive(tx, EMAIL, { actorId: 'local', accountId: null }))).toBe(true)
    expect(await signIn()).toMatchObject({ outcome: 'proven' })
  })

  test('R-093 its person confirms by the phone on file besides, and it is as before', async () => {
    const { signIn, prove, methods, newestAttempt, one, accountId, isDead, wait } = await mailboxOf(PHONE)
    expect(await signIn()).toEqual({ outcome: 'second' })
    expect(await methods()).toEqual(['sms'])
    const account = await one.accounts.find(accountId)
    if (!account) throw new Error('the account is gone')
    await createPhases(one.deps).startOnFile(await newestAttempt(), account, 'sms', asker)
    expect(await prove()).toMatchObject({ outcome: 'proven' })
    expect(await isDead()).toBe(false)
    wait(700)
    expect(await signIn()).toMatchObject({ outcome: 'proven' })
  })

  test('R-085 nothing before the proof says so: the same message goes out as to any other', async () => {
    const { one, newest, url } = await mailboxOf()
    const said = async () => (await newest()).words.replace(/\/sign-in\/\S+|\b\d{3} ?\d{3}\b|\d\d:\d\d UTC/g, '')
    const offer = one.flow.readIdentifier(EMAIL, ['DE'])
    if (offer === null || offer === 'unfit') throw new Error('the address takes no mail')
    await one.flow.start({ interactionUid: 'a', clientId: 'shop' }, offer, OFF, asker)
    const toDead = await said()
    await query(url, 'update address set dead_since = null')
    await one.flow.start({ interactionUid: 'b', clientId: 'shop' }, offer, OFF, asker)
    expect(await said()).toBe(toDead)
  })

  test('a dead number of somebody without an email address opens nothing alone either', async () => {
    const { one, url, db, accountId } = await mailboxOf(PHONE)
    await query(url, 'delete from address where canonical = $1', [EMAIL])
    await query(url, 'update address set dead_since = $1', [START])
    const proof = { kind: 'phone', address: PHONE, locale: 'en', attemptId: 'a', clientId: 'shop' } as const
    expect(await db.transact((tx) => one.accounts.prove(tx, proof))).toMatchObject({
      outcome: 'stale',
      account: { id: accountId },
    })
  })

  test.each([
    ['whatever it has is asked for, enough or not', { apps: 1, demanded: true, recoveryCodes: 3 }, ['totp', 'recovery']],
    ['a passkey that is not demanded as well', { passkeys: 1 }, ['passkey']],
    ['a browser that is not to be asked is asked', { remembered: true, otherChannel: 'sms' }, ['sms']],
    ['nothing is set up by it', {}, []],
  ] as const)('R-101 %s', (_, more, methods) => {
    const nothing = { apps: 0, passkeys: 0, recoveryCodes: 0, demanded: false, otherChannel: null }
    const means: Means = { ...nothing, remembered: false, keptProven: false, passkeyProven: false, doubtful: true, ...more }
    for (const acr of [null, { level: 4 as const, essential: true }])
      expect(decide({ secondFactor: 'required', acr }, 1, means)).toEqual({ next: 'second', methods })
  })
})
