import type { Context, Middleware } from 'koa'
import { ROLES } from '../../../admin/index.ts'
import { recordedDevice } from '../../account/screens/recorded-device.ts'
import { field } from '../../request.ts'
import type { ConsoleVisit } from '../visit.ts'
import { calledOf } from './called.ts'
import { chosenOf } from './choices.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { suppressedWords } from './message-rows.ts'
import { idOf, personPage } from './person.ts'
import type { PersonDeed } from './person-questions.ts'
import type { Person } from './person-rows.ts'
import { createTyped, isFaulty, otherFault } from './typed.ts'

/** Claims that can be corrected here (OpenID Connect Core §5.1). */
const NAMES = ['name', 'given_name', 'family_name'] as const
const NAME_FORM = 'console-name'

/** What is done to a person: each a question first, which lists what ends. */
export function createPersonDeeds({ visits, shell, admin, text, cookies }: ConsoleScreenDeps) {
  const typed = createTyped(cookies)

  async function load(ctx: Context): Promise<{ visit: ConsoleVisit; person: Person; back: string }> {
    const visit = await visits.load(ctx)
    const person = await admin.perform('accounts.get', visit.actor, { account_id: idOf(ctx) })
    return { visit, person, back: personPage(ctx) }
  }

  /** The two halves of a deed, which share their path. */
  function deed({ question, items, run }: PersonDeed): { ask: Middleware; answer: Middleware } {
    return {
      async ask(ctx) {
        const { visit, person, back } = await load(ctx)
        const ends = items(person, partOf(ctx), (device) => recordedDevice(text, device, visit.locale))
        if (!ends) return visits.seeOther(ctx, back)
        visits.show(ctx, visit, 'console-person-confirm', {
          shell: shell.of(ctx, visit, 'people'),
          question,
          subject: calledOf(person),
          items: [...ends],
          form: visits.form(visit, ctx.path),
          backUrl: back,
        })
      },
      async answer(ctx) {
        const visit = await visits.load(ctx)
        await run(admin, visit.actor, idOf(ctx), partOf(ctx))
        shell.done(ctx, personPage(ctx), `person.said.${question}`)
      },
    }
  }

  const askName: Middleware = async (ctx) => {
    const { visit, person, back } = await load(ctx)
    const refused = typed.take(ctx, NAME_FORM)
    visits.show(ctx, visit, 'console-person-name', {
      shell: shell.of(ctx, visit, 'people'),
      called: calledOf(person),
      fields: NAMES.map((name) => ({
        name,
        value: refused?.typed[name] ?? saidOf(person, name),
        fault: isFaulty(refused, `profile.${name}`) ? text.say('account.profile.fault.text', {}, visit.locale) : null,
      })),
      other: otherFault(
        refused,
        NAMES.map((name) => `profile.${name}`),
      ),
      version: refused?.typed.version ?? person.version,
      form: visits.form(visit, ctx.path),
      backUrl: back,
    })
  }

  /** Only what differs from what the form was filled with is changed, and only where nobody else has been meanwhile. */
  const saveName: Middleware = async (ctx) => {
    const { visit, person, back } = await load(ctx)
    const version = field(ctx, 'version')
    const given = Object.fromEntries(NAMES.map((name) => [name, field(ctx, name).trim()]))
    const profile = Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== saidOf(person, name)))
    if (Object.keys(profile).length === 0) return visits.seeOther(ctx, back)
    try {
      await admin.perform('accounts.update', visit.actor, { account_id: person.account_id, profile }, { ifMatch: version })
    } catch (error) {
      typed.keep(ctx, NAME_FORM, { ...given, version }, error)
      return visits.seeOther(ctx, ctx.path)
    }
    shell.done(ctx, back, 'person.said.name')
  }

  const askRole: Middleware = async (ctx) => {
    const { visit, person, back } = await load(ctx)
    visits.show(ctx, visit, 'console-person-role', {
      shell: shell.of(ctx, visit, 'people'),
      called: calledOf(person),
      current: person.role,
      roles: [...ROLES],
      secondFactor: person.authenticators.some((one) => one.always_asked),
      form: visits.form(visit, ctx.path),
      backUrl: back,
    })
  }

  const giveRole: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const role = chosenOf(ROLES, field(ctx, 'role'))
    if (!role) return visits.seeOther(ctx, ctx.path)
    await admin.perform('administrators.grant', visit.actor, { account_id: idOf(ctx), role })
    shell.done(ctx, personPage(ctx), 'person.said.role')
  }

  const askLift: Middleware = async (ctx) => {
    const { visit, person, back } = await load(ctx)
    const one = person.addresses[Number(ctx.params.place)]
    if (!one || one.suppressed === null) return visits.seeOther(ctx, back)
    visits.show(ctx, visit, 'console-lift', {
      shell: shell.of(ctx, visit, 'people'),
      address: one.address,
      reason: suppressedWords(one.suppressed),
      form: visits.form(visit, ctx.path),
      backUrl: back,
    })
  }

  /** The form names the address that was asked about: places change when addresses do. */
  const lift: Middleware = async (ctx) => {
    const { visit, person, back } = await load(ctx)
    const one = person.addresses.find(({ address }) => address === field(ctx, 'address'))
    if (!one) return visits.seeOther(ctx, back)
    await admin.perform('suppressions.lift', visit.actor, { address: one.address })
    shell.done(ctx, back, 'messages.said.lifted')
  }

  return { deed, askName, saveName, askRole, giveRole, askLift, lift }
}

function partOf(ctx: Context): string {
  return String(ctx.params.part ?? '')
}

function saidOf({ profile }: Person, name: string): string {
  const value = profile[name]
  return typeof value === 'string' ? value : ''
}
