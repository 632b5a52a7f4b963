import type { Middleware } from 'koa'
import { field } from '../../request.ts'
import { calledOf, momentOf } from './called.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { idOf, personPage } from './person.ts'
import { createTyped, isFaulty, otherFault } from './typed.ts'

const FORM = 'console-rescue'
const FIELDS = ['opens_in_minutes', 'reason']

/** The wait of somebody who lost their second factor: begun, or made shorter. Stopping it is a question like others. */
export function createPersonRescue({ visits, shell, admin, text, cookies, clock }: ConsoleScreenDeps) {
  const typed = createTyped(cookies)

  function ask(what: 'start' | 'shorten'): Middleware {
    return async (ctx) => {
      const visit = await visits.load(ctx)
      const person = await admin.perform('accounts.get', visit.actor, { account_id: idOf(ctx) })
      const back = personPage(ctx)
      if ((person.rescue === null) !== (what === 'start')) return visits.seeOther(ctx, back)
      const refused = typed.take(ctx, FORM)
      const fault = (name: string) => refused?.faults.find((one) => one.field === name)?.words ?? null
      const hours = isFaulty(refused, 'opens_in_minutes')
      visits.show(ctx, visit, 'console-person-rescue', {
        shell: shell.of(ctx, visit, 'people'),
        called: calledOf(person),
        what,
        opensAt: momentOf(person.rescue?.opens_at ?? null),
        now: clock.now(),
        hours: refused?.typed.hours ?? '',
        reason: refused?.typed.reason ?? '',
        faults: {
          hours: hours ? text.say('console.person.rescue.fault.hours', {}, visit.locale) : null,
          reason: fault('reason'),
          other: otherFault(refused, FIELDS),
        },
        form: visits.form(visit, ctx.path),
        backUrl: back,
      })
    }
  }

  function answer(what: 'start' | 'shorten'): Middleware {
    return async (ctx) => {
      const visit = await visits.load(ctx)
      const asked = { hours: field(ctx, 'hours').trim(), reason: field(ctx, 'reason').trim() }
      const wait = asked.hours === '' ? {} : { opens_in_minutes: minutesOf(asked.hours) }
      const one = { account_id: idOf(ctx), ...wait }
      try {
        if (what === 'shorten') await admin.perform('accounts.shorten-rescue', visit.actor, one)
        else await admin.perform('accounts.start-rescue', visit.actor, { ...one, ...(asked.reason && { reason: asked.reason }) })
      } catch (error) {
        typed.keep(ctx, FORM, asked, error)
        return visits.seeOther(ctx, ctx.path)
      }
      shell.done(ctx, personPage(ctx), `person.said.rescue_${what}`)
    }
  }

  return { askStart: ask('start'), start: answer('start'), askShorten: ask('shorten'), shorten: answer('shorten') }
}

/** Hours as somebody types them, also by halves; what is no number is none. */
function minutesOf(hours: string): number {
  return /^\d{1,4}([.,]\d{1,2})?$/.test(hours) ? Math.round(Number(hours.replace(',', '.')) * 60) : Number.NaN
}
