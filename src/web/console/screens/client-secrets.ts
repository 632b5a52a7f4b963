import type { Context, Middleware } from 'koa'
import { AdminFault, type FieldFault, type InputOf } from '../../../admin/index.ts'
import { newId } from '../../../base/index.ts'
import { field } from '../../request.ts'
import { clientPath } from '../paths.ts'
import type { ConsoleVisit } from '../visit.ts'
import { type ClientView, createClientAtHand, idIn } from './client-at-hand.ts'
import { faultsOf } from './client-edit.ts'
import type { FieldSpec } from './client-fields.ts'
import { clientRow } from './client-rows.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { fieldViews, otherFaults, type Typed, typedIn, valuesOf } from './form.ts'

const SPECS: readonly FieldSpec[] = [
  { name: 'expires_in_days', type: 'choice', options: ['', '90', '180', '365'], number: true },
  { name: 'retire_others_in_hours', type: 'choice', options: ['', '24', '168', '720', '0'], number: true },
]

/** Secrets of a client: a further one, shown once, and the end of one. */
export function createClientSecretScreens(deps: ConsoleScreenDeps) {
  const { visits, shell, admin, clock } = deps
  const atHand = createClientAtHand(deps)

  const ask: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const client = await atHand.of(ctx, visit)
    draw(ctx, visit, client, { expires_in_days: '', retire_others_in_hours: client.secrets.length > 0 ? '168' : '' }, newId())
  }

  function draw(
    ctx: Context,
    visit: ConsoleVisit,
    client: ClientView,
    typed: Typed,
    key: string,
    faults: readonly FieldFault[] = [],
  ): void {
    const { client_id, secrets } = client
    const specs = SPECS.filter(({ name }) => name === 'expires_in_days' || secrets.length > 0)
    const props = {
      shell: shell.of(ctx, visit, 'clients'),
      client: clientRow(client, clock.now()),
      fields: fieldViews(specs, typed, { say: atHand.sayer(visit), faults }),
      faults: otherFaults(faults, specs),
      key,
      form: visits.form(visit, clientPath(client_id, 'new-secret')),
      backUrl: clientPath(client_id),
    }
    visits.show(ctx, visit, 'console-secret-new', props, faults.length > 0 ? 422 : 200)
  }

  /** The answer shows it once; the same form gets the same answer. */
  const add: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const client = await atHand.of(ctx, visit)
    const { client_id } = client
    const typed = typedIn(ctx, SPECS)
    const key = field(ctx, 'key') || newId()
    const given = Object.entries(valuesOf(typed, SPECS).values).filter(([, value]) => value !== null)
    try {
      const input = { client_id, ...Object.fromEntries(given) } as InputOf<'clients.add-secret'>
      const { secret, expires_at } = await admin.perform('clients.add-secret', visit.actor, input, { idempotencyKey: key })
      const snippets = await admin.perform('clients.snippets', visit.actor, { client_id })
      visits.show(ctx, visit, 'console-client-secret', {
        shell: shell.of(ctx, visit, 'clients'),
        made: 'secret',
        client: clientRow(client, clock.now()),
        secret: { value: secret, expiresAt: expires_at === null ? null : new Date(expires_at) },
        warnings: [],
        snippets: snippets.items.map(({ library, language, text }) => ({ library, language, body: { text } })),
        issuer: deps.issuer,
        clientUrl: clientPath(client_id),
        tryUrl: null,
      })
    } catch (error) {
      if (!(error instanceof AdminFault) || !['invalid_input', 'conflict', 'idempotency_mismatch'].includes(error.code))
        throw error
      draw(ctx, visit, client, typed, newId(), faultsOf(error))
    }
  }

  const askRetire: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const client = await atHand.of(ctx, visit)
    const secret = client.secrets.find(({ secret_id }) => secret_id === secretIn(ctx))
    if (!secret) throw new AdminFault('not_found', 'This secret has ended already.')
    const path = clientPath(client.client_id)
    visits.show(ctx, visit, 'console-client-confirm', {
      shell: shell.of(ctx, visit, 'clients'),
      question: 'retire',
      subject: secret.hint || secret.secret_id,
      place: client.client_name,
      facts: client.secrets.length > 1 ? [] : [{ key: 'last_secret', count: 1 }],
      lastUsedAt: null,
      form: visits.form(visit, clientPath(client.client_id, 'secrets', secret.secret_id, 'retire')),
      backUrl: path,
    })
  }

  const retire: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    await admin.perform('clients.retire-secret', visit.actor, { client_id: idIn(ctx), secret_id: secretIn(ctx) })
    shell.done(ctx, clientPath(idIn(ctx)), 'client.said.retired')
  }

  return { ask, add, askRetire, retire }
}

function secretIn(ctx: Context): string {
  return String(ctx.params.secret)
}
