import type { Middleware } from 'koa'
import { field } from '../../request.ts'
import type { AccountVisit } from '../visit.ts'
import { appNames } from './activity-lines.ts'
import { PATHS, type ScreenDeps } from './deps.ts'
import { recordedDevice } from './recorded-device.ts'
import type { Shell } from './shell.ts'

/** Sessions and remembered browsers: seen and ended. What is not the person's own is not found. */
export function createDeviceScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell } = deps

  /** Sessions of the account, the one that asks first, with the names of what they are signed in to. */
  async function sessionsOf({ actor, locale }: AccountVisit) {
    const sessions = await selfservice.sessionsOf(actor.accountId)
    const names = await appNames(
      sessions.flatMap(({ clientIds }) => clientIds),
      deps.clients,
    )
    const rows = sessions.map(({ uid, device, signedInAt, lastSeenAt, clientIds }) => ({
      id: uid,
      device: recordedDevice(deps.text, device, locale),
      own: uid === actor.sessionUid,
      since: signedInAt,
      lastSeenAt,
      apps: clientIds.flatMap((id) => names.get(id) ?? []),
    }))
    return [...rows.filter(({ own }) => own), ...rows.filter(({ own }) => !own)]
  }

  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { accountId } = visit.actor
    const [sessions, remembered] = await Promise.all([sessionsOf(visit), deps.remembered.ofAccount(accountId, deps.clock.now())])
    const end = visits.form(visit, `${PATHS.devices}/end`)
    const forget = visits.form(visit, `${PATHS.devices}/forget`)
    visits.show(ctx, visit, 'account-devices', {
      shell: shell.of(ctx, visit, 'devices').shell,
      sessions: sessions.map((one) => ({ ...one, end: one.own ? null : end })),
      endOthersUrl: sessions.some(({ own }) => !own) ? PATHS.endOthers : null,
      remembered: remembered.map(({ id, label, expiresAt, lastUsedAt }) => ({
        id,
        device: recordedDevice(deps.text, label, visit.locale),
        until: expiresAt,
        lastUsedAt,
        forget,
      })),
    })
  }

  const end: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const uid = field(ctx, 'session')
    const known = (await selfservice.sessionsOf(visit.actor.accountId)).some((one) => one.uid === uid)
    if (known) await selfservice.endSession(visit.actor, uid)
    shell.done(ctx, PATHS.devices, known ? 'session_ended' : null)
  }

  const forget: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const id = field(ctx, 'device')
    const own = await deps.remembered.ofAccount(visit.actor.accountId, deps.clock.now())
    const known = own.some((one) => one.id === id)
    if (known) await selfservice.forgetDevice(visit.actor, id)
    shell.done(ctx, PATHS.devices, known ? 'device_forgotten' : null)
  }

  const askEndOthers: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const others = (await sessionsOf(visit)).filter(({ own }) => !own)
    if (others.length === 0) return visits.seeOther(ctx, PATHS.devices)
    visits.show(ctx, visit, 'account-confirm', {
      shell: shell.of(ctx, visit, 'devices').shell,
      question: 'end_others',
      subject: String(others.length),
      items: others.map(({ device, apps }) => ({ label: device, detail: apps.join(', ') })),
      days: null,
      form: visits.form(visit, PATHS.endOthers),
      backUrl: PATHS.devices,
    })
  }

  const endOthers: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    await selfservice.endOtherSessions(visit.actor)
    shell.done(ctx, PATHS.devices, 'others_ended')
  }

  return { show, end, forget, askEndOthers, endOthers }
}
