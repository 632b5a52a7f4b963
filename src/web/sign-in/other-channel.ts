import type { Middleware } from 'koa'
import { asciiDigit, type Clock } from '../../base/index.ts'
import { type Flow, nextStep, type SecondChannel } from '../../signin/index.ts'
import type { Cookies } from '../cookies.ts'
import { field } from '../request.ts'
import { say } from './said.ts'
import type { Visits } from './visit.ts'

export interface OtherChannelDeps {
  visits: Visits
  flow: Pick<Flow, 'readIdentifier'>
  secondChannel: SecondChannel
  cookies: Cookies
  clock: Clock
}

/** The forms that lead to another channel within one sign-in. Each ends in a redirect to the dispatcher. */
export function createOtherChannel(deps: OtherChannelDeps) {
  const { visits, secondChannel, cookies } = deps
  const home = (uid: string) => `/sign-in/${uid}`

  /** A text to the number on file; its last digits come first. */
  const text: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    if (visit.attempts[0] && visit.methods.includes('sms')) await secondChannel.askForText(visit.attempts[0])
    visits.seeOther(ctx, home(visit.uid))
  }

  const email: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    if (visit.attempts[0]) await secondChannel.choose(visit.attempts[0], 'email')
    visits.seeOther(ctx, home(visit.uid))
  }

  const digits: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
    const typed = field(ctx, 'digits')
      .normalize('NFKC')
      .replace(/\p{Nd}/gu, asciiDigit)
      .trim()
    if (step.screen === 'last-digits') {
      if (!/^[0-9]{2}$/.test(typed)) say(cookies, ctx, visit.uid, 'digits_invalid')
      else if ((await secondChannel.nameDigits(step.attempt, step.challenge, typed, visit.asker())) === 'closed')
        say(cookies, ctx, visit.uid, 'texts_closed')
    }
    visits.seeOther(ctx, home(visit.uid))
  }

  /** The email address for the second proof. */
  const second: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const [attempt] = visit.attempts
    const typed = field(ctx, 'identifier')
    const offer = deps.flow.readIdentifier(typed, [], ['email'])
    if (offer === null || offer === 'unfit') say(cookies, ctx, visit.uid, 'address_invalid', typed)
    else if (attempt) await secondChannel.startSecond(attempt, offer, visit.asker())
    visits.seeOther(ctx, home(visit.uid))
  }

  return { text, email, digits, second }
}
