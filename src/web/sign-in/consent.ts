import type { Context, Middleware } from 'koa'
import { type Accounts, initialsOf, nameOf } from '../../accounts/index.ts'
import type { Audit } from '../../audit/index.ts'
import { type Clock, Refusal, type Transact } from '../../base/index.ts'
import type { Clients } from '../../clients/index.ts'
import { type ConsentStore, consentFrom, type Interactions } from '../../oidc/index.ts'
import type { Text } from '../../text/index.ts'
import { field, whoOf } from '../request.ts'
import { scopesInWords } from '../scopes-in-words.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface ConsentDeps {
  visits: Visits
  interactions: Interactions
  consents: ConsentStore
  accounts: Pick<Accounts, 'find'>
  clients: Pick<Clients, 'find' | 'resourceServer'>
  transact: Transact
  audit: Audit
  text: Text
  clock: Clock
}

/** The engine's second interaction: may this application use the account? (RFC 6749 §10.2, R-039) */
export function createConsentSteps(deps: ConsentDeps) {
  const { visits, interactions, clock } = deps

  async function show(ctx: Context, visit: OpenVisit): Promise<void> {
    const account = visit.interaction.accountId ? await deps.accounts.find(visit.interaction.accountId) : null
    const client = await deps.clients.find(visit.interaction.clientId)
    if (!account || !client) throw new Refusal('sign_in_not_open')
    visits.show(ctx, visit, 'consent', {
      madeBy: client.policy.madeBy,
      own: client.policy.firstParty,
      address: nameOf(account),
      initials: initialsOf(account),
      can: await inWords(visit),
      offline: visit.interaction.scopes.includes('offline_access'),
      form: visits.form(visit, 'consent'),
      other: visits.form(visit, 'other'),
    })
  }

  /** What it would be able to do, whatever was agreed to before: who is asked each time reads all of it each time. */
  async function inWords({ interaction, locale }: OpenVisit): Promise<string[]> {
    const { scopes, missing } = interaction
    const servers = await Promise.all(interaction.resources.map((id) => deps.clients.resourceServer(id)))
    const asked = servers
      .filter((server) => server !== null)
      .map((server) => [server.id, scopes.filter((scope) => Object.hasOwn(server.scopes, scope))] as const)
    return scopesInWords(scopes, { ...missing.missingResourceScopes, ...Object.fromEntries(asked) }, deps, locale)
  }

  const answer: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'consent')
    const { interaction } = visit
    if (!interaction.accountId) throw new Refusal('bad_request')
    const who = { ...whoOf(ctx), accountId: interaction.accountId, clientId: interaction.clientId }
    if (field(ctx, 'answer') !== 'allow') {
      await deps.audit.note('consent.cancelled', who)
      return visits.seeOther(ctx, await interactions.abort(visit.uid, 'access_denied', 'the person did not agree'))
    }
    const consent = consentFrom(interaction.accountId, interaction.clientId, interaction.missing)
    const client = await deps.clients.find(interaction.clientId)
    // Whoever signs in to a native application of one's own is asked each time (RFC 8252 §8.6), and agrees to nothing new.
    if (client?.policy.firstParty) return visits.seeOther(ctx, await interactions.finishConsent(visit.uid))
    await deps.transact(async (tx) => {
      await deps.consents.add(tx, consent, clock.now())
      await deps.audit.record(tx, 'consent.granted', { ...who, detail: { scopes: consent.scopes.join(' ') } })
    })
    return visits.seeOther(ctx, await interactions.finishConsent(visit.uid))
  }

  return { show, answer }
}

export type ConsentSteps = ReturnType<typeof createConsentSteps>
