import type { Middleware } from 'koa'
import { clientPath, PATHS } from '../paths.ts'
import { createClientAtHand, idIn } from './client-at-hand.ts'
import type { ConsoleScreenDeps } from './deps.ts'

type Question = 'disable' | 'enable' | 'delete'

/** Switching a client off and on, and deleting it: a question that says what ends, and its answer. */
export function createClientEndScreens(deps: ConsoleScreenDeps) {
  const { visits, shell, admin } = deps
  const atHand = createClientAtHand(deps)

  const ask =
    (question: Question): Middleware =>
    async (ctx) => {
      const visit = await visits.load(ctx)
      const client = await atHand.of(ctx, visit)
      const { client_id } = client
      const impact = await admin.perform('clients.impact', visit.actor, { client_id })
      const facts = [
        { key: 'people', count: impact.people_30_days },
        { key: 'refresh_tokens', count: impact.refresh_tokens },
        ...(question === 'delete' ? [{ key: 'consents', count: impact.consents }] : []),
      ]
      visits.show(ctx, visit, 'console-client-confirm', {
        shell: shell.of(ctx, visit, 'clients'),
        question,
        subject: client.client_name,
        place: client.client_name,
        facts: question === 'enable' ? [] : facts.filter(({ count }) => count > 0),
        lastUsedAt: impact.last_used_at === null ? null : new Date(impact.last_used_at),
        form: visits.form(visit, clientPath(client_id, question)),
        backUrl: clientPath(client_id),
      })
    }

  const disable: Middleware = async (ctx) => {
    const { actor } = await visits.load(ctx)
    const { client_name: name } = await admin.perform('clients.disable', actor, { client_id: idIn(ctx) })
    shell.done(ctx, clientPath(idIn(ctx)), 'client.said.disabled', { name })
  }

  const enable: Middleware = async (ctx) => {
    const { actor } = await visits.load(ctx)
    const { client_name: name } = await admin.perform('clients.enable', actor, { client_id: idIn(ctx) })
    shell.done(ctx, clientPath(idIn(ctx)), 'client.said.enabled', { name })
  }

  const remove: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { client_name: name } = await atHand.of(ctx, visit)
    await admin.perform('clients.delete', visit.actor, { client_id: idIn(ctx) })
    shell.done(ctx, PATHS.clients, 'client.said.deleted', { name })
  }

  return { askDisable: ask('disable'), disable, askEnable: ask('enable'), enable, askDelete: ask('delete'), remove }
}
