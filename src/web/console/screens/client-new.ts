import type { Context, Middleware } from 'koa'
import { AdminFault, type FieldFault, type InputOf, type OutputOf } from '../../../admin/index.ts'
import { newId } from '../../../base/index.ts'
import type { ClientKind } from '../../../text/index.ts'
import { field } from '../../request.ts'
import { clientPath, PATHS } from '../paths.ts'
import { type ConsoleVisit, may } from '../visit.ts'
import { createClientAtHand } from './client-at-hand.ts'
import { faultsOf } from './client-edit.ts'
import { type FieldSpec, newFields } from './client-fields.ts'
import { clientRow } from './client-rows.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { fieldViews, type MoreOption, otherFaults, type Typed, typedIn, valuesOf } from './form.ts'

const KINDS: readonly ClientKind[] = ['web', 'spa', 'native', 'machine']

interface NewForm {
  visit: ConsoleVisit
  kind: ClientKind
  specs: FieldSpec[]
  more: Record<string, MoreOption[]>
}

/**
 * A new client: what it is, then its name and addresses, then its secret, which is shown once. Sent twice, a form makes one
 * client: it carries a key, and the answer is given again. So the secret stands in the answer to the form and nowhere else.
 */
export function createNewClientScreens(deps: ConsoleScreenDeps) {
  const { visits, shell, admin, clock } = deps
  const atHand = createClientAtHand(deps)

  const choose: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    visits.show(ctx, visit, 'console-client-new', {
      shell: shell.of(ctx, visit, 'clients'),
      templates: KINDS.map((kind) => ({ kind, url: `${PATHS.newClient}/${kind}` })),
      apiUrl: PATHS.newApi,
      backUrl: PATHS.clients,
    })
  }

  async function load(ctx: Context): Promise<NewForm> {
    const visit = await visits.load(ctx)
    const kind = KINDS.find((one) => one === ctx.params.kind)
    if (!kind) throw new AdminFault('not_found', 'There is no such template.')
    const specs = newFields(kind)
    return { visit, kind, specs, more: specs.some(({ name }) => name === 'resources') ? await atHand.options(visit) : {} }
  }

  const ask: Middleware = async (ctx) => draw(ctx, await load(ctx), {}, newId())

  function draw(
    ctx: Context,
    { visit, kind, specs, more }: NewForm,
    typed: Typed,
    key: string,
    faults: readonly FieldFault[] = [],
  ): void {
    const say = atHand.sayer(visit)
    const props = {
      shell: shell.of(ctx, visit, 'clients'),
      kind,
      fields: fieldViews(specs, typed, { say, faults, more }),
      faults: otherFaults(faults, specs),
      key,
      form: visits.form(visit, `${PATHS.newClient}/${kind}`),
      backUrl: PATHS.newClient,
    }
    visits.show(ctx, visit, 'console-client-new-form', props, faults.length > 0 ? 422 : 200)
  }

  const create: Middleware = async (ctx) => {
    const loaded = await load(ctx)
    const { visit, kind, specs, more } = loaded
    const typed = typedIn(ctx, specs, more)
    const key = field(ctx, 'key') || newId()
    const given = Object.entries(valuesOf(typed, specs).values).filter(([, value]) => value !== null)
    try {
      const input = { ...Object.fromEntries(given), template: kind } as InputOf<'clients.create'>
      const made = await admin.perform('clients.create', visit.actor, input, { idempotencyKey: key })
      await tell(ctx, visit, made)
    } catch (error) {
      if (!(error instanceof AdminFault) || !['invalid_input', 'conflict', 'idempotency_mismatch'].includes(error.code))
        throw error
      // Another form under the same key: the next one has a key of its own.
      draw(ctx, loaded, typed, error.code === 'idempotency_mismatch' ? newId() : key, faultsOf(error))
    }
  }

  async function tell(ctx: Context, visit: ConsoleVisit, { client, secret }: OutputOf<'clients.create'>): Promise<void> {
    const { client_id } = client
    const snippets = await admin.perform('clients.snippets', visit.actor, { client_id })
    visits.show(ctx, visit, 'console-client-secret', {
      shell: shell.of(ctx, visit, 'clients'),
      made: 'client',
      client: clientRow(client, clock.now()),
      secret: secret && { value: secret.secret, expiresAt: secret.expires_at === null ? null : new Date(secret.expires_at) },
      warnings: client.warnings,
      snippets: snippets.items.map(({ library, language, text }) => ({ library, language, body: { text } })),
      issuer: deps.issuer,
      clientUrl: clientPath(client_id),
      tryUrl: client.kind !== 'machine' && may(visit, 'clients.try') ? clientPath(client_id, 'try') : null,
    })
  }

  return { choose, ask, create }
}
