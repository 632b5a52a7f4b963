import type { Context, Middleware } from 'koa'
import { AdminFault, type FieldFault } from '../../../admin/index.ts'
import { field } from '../../request.ts'
import { clientPath } from '../paths.ts'
import type { ConsoleVisit } from '../visit.ts'
import { type ClientView, createClientAtHand } from './client-at-hand.ts'
import { type ClientSection, type FieldSpec, fieldsIn, sectionOf } from './client-fields.ts'
import { clientRow } from './client-rows.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { carriedOf, changeRow, fieldViews, type MoreOption, otherFaults, type Typed, typedIn, typedOf, valuesOf } from './form.ts'

/** One section of a client that is being changed. */
interface Edit {
  visit: ConsoleVisit
  client: ClientView
  section: ClientSection
  specs: FieldSpec[]
  more: Record<string, MoreOption[]>
}

/**
 * Changing a client: one section at a time, with a look at what would be before it is. What a form could not take is shown
 * by the answer to it, with what was typed; nothing was changed then, and only what changes something ends in a redirect.
 */
export function createClientEditScreens(deps: ConsoleScreenDeps) {
  const { visits, shell, admin, clock } = deps
  const atHand = createClientAtHand(deps)

  async function load(ctx: Context): Promise<Edit> {
    const visit = await visits.load(ctx)
    const section = sectionOf(ctx.params.section)
    const [client, more] = await Promise.all([atHand.of(ctx, visit), atHand.options(visit)])
    const specs = section && fieldsIn(section, client.kind)
    if (!section || !specs || specs.length === 0) throw new AdminFault('not_found', 'A client has no such part.')
    return { visit, client, section, specs, more }
  }

  const edit: Middleware = async (ctx) => {
    const loaded = await load(ctx)
    const { client, specs } = loaded
    if (client.source !== 'console') return visits.seeOther(ctx, clientPath(client.client_id))
    draw(ctx, loaded, typedOf(client.fields, specs), { version: client.version })
  }

  /** The form again, with what was typed. */
  function draw(
    ctx: Context,
    { visit, client, section, specs, more }: Edit,
    typed: Typed,
    { version, faults = [], meanwhile = false }: { version: string; faults?: readonly FieldFault[]; meanwhile?: boolean },
  ): void {
    const say = atHand.sayer(visit)
    const now = typedOf(client.fields, specs)
    const differing = meanwhile ? specs.filter(({ name }) => now[name] !== typed[name]) : []
    const props = {
      shell: shell.of(ctx, visit, 'clients'),
      client: clientRow(client, clock.now()),
      section: { name: section, fields: fieldViews(specs, typed, { say, faults, more }) },
      faults: otherFaults(faults, specs),
      meanwhile: meanwhile,
      differing: differing.map((spec) =>
        changeRow(
          { field: spec.name, before: client.fields[spec.name], after: valuesOf(typed, [spec]).values[spec.name] },
          specs,
          say,
        ),
      ),
      version,
      form: visits.form(visit, clientPath(client.client_id, 'edit', section)),
      backUrl: clientPath(client.client_id),
    }
    visits.show(ctx, visit, 'console-client-edit', props, faults.length > 0 || meanwhile ? 422 : 200)
  }

  /** What would be changed, and what it means. */
  const look: Middleware = async (ctx) => {
    const loaded = await load(ctx)
    const { visit, client, section, specs, more } = loaded
    const typed = typedIn(ctx, specs, more)
    const version = field(ctx, 'version')
    if (field(ctx, 'again')) return draw(ctx, loaded, typed, { version })
    const would = await attempt(ctx, loaded, typed, true)
    if (!would) return
    const path = clientPath(client.client_id)
    if (would.changes.length === 0) return shell.done(ctx, path, 'client.said.unchanged')
    const say = atHand.sayer(visit)
    visits.show(ctx, visit, 'console-client-look', {
      shell: shell.of(ctx, visit, 'clients'),
      client: clientRow(client, clock.now()),
      changes: would.changes.map((change) => changeRow(change, specs, say)),
      warnings: would.client.warnings.filter((warning) => !client.warnings.includes(warning)),
      carried: [{ name: 'version', value: { text: version } }, ...carriedOf(typed, specs, more)],
      form: visits.form(visit, clientPath(client.client_id, 'save', section)),
      againUrl: clientPath(client.client_id, 'edit', section),
      backUrl: path,
    })
  }

  const save: Middleware = async (ctx) => {
    const loaded = await load(ctx)
    const { client, specs, more } = loaded
    const saved = await attempt(ctx, loaded, typedIn(ctx, specs, more), false)
    if (saved) shell.done(ctx, clientPath(client.client_id), 'client.said.saved')
  }

  /** Changes, or tells what it would; null when the form was drawn again instead. */
  async function attempt(ctx: Context, loaded: Edit, typed: Typed, dry: boolean) {
    const { visit, client, specs } = loaded
    const version = field(ctx, 'version')
    const { values: fields, faults } = valuesOf(typed, specs)
    if (faults.length > 0) {
      draw(ctx, loaded, typed, { version, faults })
      return null
    }
    try {
      const input = { client_id: client.client_id, fields, dry_run: dry }
      return await admin.perform('clients.update', visit.actor, input, { ifMatch: version })
    } catch (error) {
      if (!(error instanceof AdminFault)) throw error
      if (error.code === 'precondition_failed') draw(ctx, loaded, typed, { version: client.version, meanwhile: true })
      else if (error.code === 'invalid_input') draw(ctx, loaded, typed, { version, faults: faultsOf(error) })
      else throw error
      return null
    }
  }

  return { edit, look, save }
}

/** A fault of the whole stands for itself. */
export function faultsOf({ faults, detail }: AdminFault): readonly FieldFault[] {
  // What is told of `fields.redirect_uris` is told of the field.
  const own = faults.map(({ field: at, words }) => ({ field: at.replace(/^fields\./, ''), words }))
  return own.length > 0 ? own : [{ field: '', words: detail }]
}
