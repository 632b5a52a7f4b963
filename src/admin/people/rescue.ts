import { addSeconds } from '../../base/index.ts'
import { countOf } from '../../factors/index.ts'
import type { RescueView } from '../../rescue/index.ts'
import { AdminFault } from '../fault.ts'
import type { ChangeCall, Handlers } from '../operation.ts'
import type { rescueOperations } from '../specs/rescues.ts'
import type { PeopleDeps } from './deps.ts'
import { notOneself } from './guard.ts'
import { about, lockPerson } from './locked.ts'
import type { PersonRow } from './stores.ts'

type Rescuing = typeof rescueOperations

const MAX_SECONDS = 30 * 86_400

/**
 * Getting somebody back in who lost their second factor. An administrator begins, shortens and stops the wait, and no more:
 * what opens the account afterwards is proven and set up by its person alone, so that no answer here holds a secret.
 */
export function createRescueHandlers(deps: PeopleDeps): Handlers<Rescuing> {
  const { rescues } = deps

  /** A wait of so many minutes in seconds. Throws where the person would have no time to stop it. */
  function waitOf(minutes: number | undefined, otherwise: number): number {
    const seconds = minutes === undefined ? otherwise : minutes * 60
    if (seconds >= deps.rescueMinSeconds && seconds <= MAX_SECONDS) return seconds
    const [least, most] = [Math.ceil(deps.rescueMinSeconds / 60), MAX_SECONDS / 60]
    const words = `must be ${least} to ${most}, as this service is set up`
    throw new AdminFault('invalid_input', 'The person must have time to stop it.', [{ field: 'opens_in_minutes', words }])
  }

  async function mustBeOfUse({ tx }: ChangeCall, { id, state, closingAt }: PersonRow): Promise<void> {
    if (state !== 'active' || closingAt)
      throw new AdminFault('conflict', 'This person is suspended, closed or about to be deleted: let them in again first.')
    const { apps, passkeys } = countOf(await deps.kept.ofAccountIn(tx, id))
    if (apps + passkeys === 0)
      throw new AdminFault('conflict', 'This person has no second factor: their address alone lets them in.')
  }

  /** Whoever asks for it to be shortened may be who began it with an address of their own. */
  function waitsAlready(open: RescueView | null): string {
    if (open?.startedBy !== 'person') return 'A rescue of this person waits already: shorten it, or cancel it first.'
    const since = open.startedAt.toISOString()
    return `A rescue waits already. Whoever could read the messages of this account began it on ${since}, in a sign-in: shorten it only where you are certain that it was this person; else cancel it first.`
  }

  /** What the person's notice names in place of a device. */
  function deviceFor({ locale }: PersonRow): string {
    return deps.adminInWords(locale ?? deps.defaultLocale)
  }

  function momentsFrom(now: Date, waitSeconds: number) {
    const opensAt = addSeconds(now, waitSeconds)
    return { opens_at: opensAt.toISOString(), lapses_at: addSeconds(opensAt, rescues.spans.window).toISOString() }
  }

  return {
    async 'accounts.start-rescue'(call, { account_id: id, opens_in_minutes, reason }) {
      const { tx, actor, now } = call
      notOneself(actor, id, 'You cannot rescue yourself: somebody else who administers can.')
      const delaySeconds = waitOf(opens_in_minutes, Math.max(rescues.spans.wait, deps.rescueMinSeconds))
      const person = await lockPerson(deps, call, id)
      await mustBeOfUse(call, person)
      const begun = await rescues.beginByAdmin(tx, {
        ...{ accountId: id, actorId: actor.who.actorId, delaySeconds, device: deviceFor(person) },
        ...{ reason: reason || null, where: about(call, id) },
      })
      if (begun === 'waiting') throw new AdminFault('conflict', waitsAlready(await rescues.open(id)))
      if (begun === 'not_proven')
        throw new AdminFault(
          'conflict',
          'This person has no address that they could prove after the wait: each came lately, is to leave, or takes no messages.',
        )
      if (begun !== 'begun')
        throw new AdminFault('conflict', 'No rescue can begin: they are switched off in the settings (RESCUE).')
      return momentsFrom(now, delaySeconds)
    },

    async 'accounts.shorten-rescue'(call, { account_id: id, opens_in_minutes }) {
      const { tx, actor, now } = call
      notOneself(actor, id, 'You cannot shorten your own rescue: somebody else who administers can.')
      const waitSeconds = waitOf(opens_in_minutes, deps.rescueMinSeconds)
      const person = await lockPerson(deps, call, id)
      if (!(await rescues.shorten(tx, id, addSeconds(now, waitSeconds), about(call, id), deviceFor(person))))
        throw new AdminFault('conflict', 'No rescue of this person waits that would open later than that.')
      return momentsFrom(now, waitSeconds)
    },

    async 'accounts.cancel-rescue'(call, { account_id: id }) {
      const person = await lockPerson(deps, call, id)
      if (!(await rescues.cancelIn(call.tx, id, call.actor.who.actorId, about(call, id), deviceFor(person))))
        throw new AdminFault('not_found', 'No rescue of this person waits.')
      return { done: true }
    },
  }
}
