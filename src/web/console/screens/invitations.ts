import type { Middleware } from 'koa'
import { field } from '../../request.ts'
import { PATHS, queryOf, withQuery } from '../paths.ts'
import { may } from '../visit.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { createTyped, isFaulty, otherFault } from './typed.ts'

export const INVITATIONS = { list: '/admin/invitations', invite: '/admin/invitations/new' } as const
const FORM = 'console-invite'
const DAYS = '14'
const FIELDS = ['address', 'client_id', 'expires_in_days'] as const

/** People who may join whatever the sign-up policy says, and have not yet. */
export function createInvitationScreens({ visits, shell, admin, cookies, text }: ConsoleScreenDeps) {
  const typed = createTyped(cookies)
  const withdrawPath = (id: string) => `${INVITATIONS.list}/${encodeURIComponent(id)}/withdraw`

  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const cursor = queryOf(ctx, 'cursor')
    const page = await admin.perform('invitations.list', visit.actor, cursor ? { cursor } : {})
    const mayWithdraw = may(visit, 'invitations.delete')
    visits.show(ctx, visit, 'console-invitations', {
      shell: shell.of(ctx, visit, 'people'),
      invitations: page.items.map((one) => ({
        address: one.address,
        role: one.role,
        createdAt: new Date(one.created_at),
        expiresAt: new Date(one.expires_at),
        withdrawUrl: mayWithdraw ? withQuery(withdrawPath(one.invitation_id), { cursor }) : null,
      })),
      moreUrl: page.next && withQuery(INVITATIONS.list, { cursor: page.next }),
      inviteUrl: may(visit, 'invitations.create') ? INVITATIONS.invite : null,
      backUrl: PATHS.people,
    })
  }

  const askInvite: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const refused = typed.take(ctx, FORM)
    const fault = (name: (typeof FIELDS)[number]) =>
      isFaulty(refused, name) ? text.say(`console.people.invite_page.fault.${name}`, {}, visit.locale) : null
    visits.show(ctx, visit, 'console-invite', {
      shell: shell.of(ctx, visit, 'people'),
      address: refused?.typed.address ?? '',
      client: refused?.typed.client ?? '',
      days: refused?.typed.days ?? DAYS,
      faults: {
        address: fault('address'),
        client: fault('client_id'),
        days: fault('expires_in_days'),
        other: otherFault(refused, FIELDS),
      },
      form: visits.form(visit, INVITATIONS.invite),
      backUrl: INVITATIONS.list,
    })
  }

  const invite: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const asked = { address: field(ctx, 'address').trim(), client: field(ctx, 'client').trim(), days: field(ctx, 'days').trim() }
    try {
      await admin.perform('invitations.create', visit.actor, {
        address: asked.address,
        ...(asked.client && { client_id: asked.client }),
        ...(asked.days && { expires_in_days: /^\d{1,3}$/.test(asked.days) ? Number(asked.days) : Number.NaN }),
      })
    } catch (error) {
      typed.keep(ctx, FORM, asked, error)
      return visits.seeOther(ctx, INVITATIONS.invite)
    }
    shell.done(ctx, INVITATIONS.list, 'people.said.invited', { address: asked.address })
  }

  /** The invitation stands on the page of the list that the question was asked from. */
  const askWithdraw: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const id = String(ctx.params.invitation)
    const cursor = queryOf(ctx, 'cursor')
    const page = await admin.perform('invitations.list', visit.actor, cursor ? { cursor } : {})
    const one = page.items.find(({ invitation_id }) => invitation_id === id)
    if (!one) return visits.seeOther(ctx, INVITATIONS.list)
    visits.show(ctx, visit, 'console-person-confirm', {
      shell: shell.of(ctx, visit, 'people'),
      question: 'withdraw',
      subject: one.address,
      items: [{ label: one.address, detail: '' }],
      form: visits.form(visit, withdrawPath(id)),
      backUrl: INVITATIONS.list,
    })
  }

  const withdraw: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    await admin.perform('invitations.delete', visit.actor, { invitation_id: String(ctx.params.invitation) })
    shell.done(ctx, INVITATIONS.list, 'people.said.withdrawn')
  }

  return { list, askInvite, invite, askWithdraw, withdraw }
}
