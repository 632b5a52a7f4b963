import type { Context, Middleware } from 'koa'
import { AdminFault, type FieldFault, type InputOf, type OutputOf } from '../../../admin/index.ts'
import { newId } from '../../../base/index.ts'
import { field } from '../../request.ts'
import { apiIdOf, apiPath, clientPath, PATHS } from '../paths.ts'
import { type ConsoleVisit, may } from '../visit.ts'
import { createClientAtHand } from './client-at-hand.ts'
import { faultsOf } from './client-edit.ts'
import type { FieldSpec } from './client-fields.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { fieldViews, otherFaults, type Say, shownValue, type Typed, typedIn, typedOf, valuesOf } from './form.ts'

type ApiView = OutputOf<'resource-servers.get'>

const FIELDS: readonly FieldSpec[] = [
  { name: 'name', type: 'line' },
  { name: 'scopes', type: 'lines', rows: 5 },
  { name: 'token_format', type: 'choice', options: ['jwt', 'opaque'] },
  { name: 'signing_alg', type: 'choice', options: ['ES256', 'RS256'] },
  { name: 'access_token_ttl', type: 'line', mono: true },
]
const NEW_FIELDS: readonly FieldSpec[] = [{ name: 'id', type: 'line', mono: true }, ...FIELDS]

/** APIs that access tokens are meant for (RFC 8707). */
export function createApiScreens(deps: ConsoleScreenDeps) {
  const { visits, shell, admin } = deps
  const atHand = createClientAtHand(deps)

  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { items } = await admin.perform('resource-servers.list', visit.actor, {})
    visits.show(ctx, visit, 'console-apis', {
      shell: shell.of(ctx, visit, 'apis'),
      apis: items.map(({ id, name, scopes, clients, source }) => ({
        ...{ id, name, source, url: apiPath(id), clients: clients.length },
        scopes: Object.keys(scopes).length,
      })),
      newUrl: may(visit, 'resource-servers.create') ? PATHS.newApi : null,
    })
  }

  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const api = await admin.perform('resource-servers.get', visit.actor, { id: apiIdOf(ctx) })
    const own = api.source === 'console'
    const say = atHand.sayer(visit)
    const values = valuesOfApi(api)
    visits.show(ctx, visit, 'console-api', {
      shell: shell.of(ctx, visit, 'apis'),
      api: headOf(api),
      facts: FIELDS.filter(({ name }) => name !== 'scopes').map((spec) => ({
        label: say(`api.field.${spec.name}.label`),
        value: { text: shownValue(values[spec.name], spec, sayIn(say)) },
        mono: spec.mono ?? false,
      })),
      scopes: Object.entries(api.scopes).map(([name, words]) => ({ name, words })),
      clients: api.clients.map((id) => ({ id, url: clientPath(id) })),
      editUrl: own && may(visit, 'resource-servers.update') ? apiPath(api.id, 'edit') : null,
      deleteUrl: own && may(visit, 'resource-servers.delete') ? apiPath(api.id, 'delete') : null,
    })
  }

  function draw(
    ctx: Context,
    visit: ConsoleVisit,
    api: ApiView | null,
    typed: Typed,
    {
      key,
      version,
      faults = [],
      meanwhile = false,
    }: { key: string; version: string; faults?: readonly FieldFault[]; meanwhile?: boolean },
  ): void {
    const specs = api ? FIELDS : NEW_FIELDS
    const say = atHand.sayer(visit)
    const props = {
      shell: shell.of(ctx, visit, 'apis'),
      api: api && headOf(api),
      fields: fieldViews(specs, typed, { say: sayIn(say), faults }),
      faults: otherFaults(faults, specs),
      meanwhile: meanwhile && api ? differing(api, typed, sayIn(say)) : null,
      key,
      version,
      form: visits.form(visit, api ? apiPath(api.id, 'edit') : PATHS.newApi),
      backUrl: api ? apiPath(api.id) : PATHS.apis,
    }
    visits.show(ctx, visit, 'console-api-edit', props, faults.length > 0 || meanwhile ? 422 : 200)
  }

  const askNew: Middleware = async (ctx) => {
    const typed = { token_format: 'jwt', signing_alg: 'ES256', access_token_ttl: '5m' }
    draw(ctx, await visits.load(ctx), null, typed, { key: newId(), version: '' })
  }

  const create: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const typed = typedIn(ctx, NEW_FIELDS)
    const key = field(ctx, 'key') || newId()
    const { input, faults } = inputOf(typed, NEW_FIELDS)
    const again = (found: readonly FieldFault[]) => draw(ctx, visit, null, typed, { key: newId(), version: '', faults: found })
    if (faults.length > 0) return again(faults)
    try {
      const made = await admin.perform('resource-servers.create', visit.actor, input as InputOf<'resource-servers.create'>, {
        idempotencyKey: key,
      })
      shell.done(ctx, apiPath(made.id), 'api.said.created', { name: made.name })
    } catch (error) {
      if (!(error instanceof AdminFault) || !['invalid_input', 'conflict', 'idempotency_mismatch'].includes(error.code))
        throw error
      again(faultsOf(error))
    }
  }

  const askEdit: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const api = await admin.perform('resource-servers.get', visit.actor, { id: apiIdOf(ctx) })
    if (api.source !== 'console') return visits.seeOther(ctx, apiPath(api.id))
    draw(ctx, visit, api, typedOf(valuesOfApi(api), FIELDS), { key: '', version: api.version })
  }

  const edit: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const id = apiIdOf(ctx)
    const api = await admin.perform('resource-servers.get', visit.actor, { id })
    const typed = typedIn(ctx, FIELDS)
    const version = field(ctx, 'version')
    const { input, faults } = inputOf(typed, FIELDS)
    if (faults.length > 0) return draw(ctx, visit, api, typed, { key: '', version, faults })
    try {
      await admin.perform('resource-servers.update', visit.actor, { ...input, id }, { ifMatch: version })
      shell.done(ctx, apiPath(id), 'api.said.saved', { name: api.name })
    } catch (error) {
      if (!(error instanceof AdminFault)) throw error
      if (error.code === 'precondition_failed') {
        return draw(ctx, visit, api, typed, { key: '', version: api.version, meanwhile: true })
      }
      if (error.code !== 'invalid_input') throw error
      draw(ctx, visit, api, typed, { key: '', version, faults: faultsOf(error) })
    }
  }

  const askDelete: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const api = await admin.perform('resource-servers.get', visit.actor, { id: apiIdOf(ctx) })
    visits.show(ctx, visit, 'console-client-confirm', {
      shell: shell.of(ctx, visit, 'apis'),
      question: 'delete_api',
      subject: api.name,
      place: api.name,
      facts: api.clients.length > 0 ? [{ key: 'clients', count: api.clients.length }] : [],
      lastUsedAt: null,
      form: visits.form(visit, apiPath(api.id, 'delete')),
      backUrl: apiPath(api.id),
    })
  }

  const remove: Middleware = async (ctx) => {
    const { actor } = await visits.load(ctx)
    await admin.perform('resource-servers.delete', actor, { id: apiIdOf(ctx) })
    shell.done(ctx, PATHS.apis, 'api.said.deleted')
  }

  return { list, show, askNew, create, askEdit, edit, askDelete, remove }
}

/** Fields of an API have words of their own. */
function sayIn(say: Say): Say {
  return (key) => say(key.replace(/^field\./, 'api.field.'))
}

function headOf({ id, name, source }: ApiView) {
  return { id, name, source }
}

/** As the form has them: a scope a line, with its words behind a colon. */
function valuesOfApi(api: ApiView): Record<string, unknown> {
  const { name, scopes, token_format, signing_alg, access_token_ttl_seconds: ttl } = api
  const lines = Object.entries(scopes).map(([scope, words]) => `${scope}: ${words}`)
  return { name, scopes: lines, token_format, signing_alg, access_token_ttl: ttl % 60 === 0 ? `${ttl / 60}m` : `${ttl}s` }
}

function inputOf(typed: Typed, specs: readonly FieldSpec[]) {
  const { scopes, ...values } = valuesOf(typed, specs).values
  const lines = Array.isArray(scopes) ? scopes.map(String) : []
  const faults = lines.flatMap((line, at) =>
    /^\S+: +\S/.test(line) ? [] : [{ field: `scopes[${at}]`, words: 'must be a scope, a colon, and its words at consent' }],
  )
  const pairs = lines.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2).trim()])
  const given = Object.entries(values).filter(([, value]) => value !== null)
  return { input: { ...Object.fromEntries(given), scopes: Object.fromEntries(pairs) }, faults }
}

function differing(api: ApiView, typed: Typed, say: Say) {
  const now = typedOf(valuesOfApi(api), FIELDS)
  return FIELDS.filter(({ name }) => now[name] !== typed[name]).map(({ name }) => ({
    name,
    label: say(`field.${name}.label`),
    before: { text: now[name] ?? '' },
    after: { text: typed[name] ?? '' },
  }))
}
