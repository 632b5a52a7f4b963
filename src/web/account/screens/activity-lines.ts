import type { ToldEntry, ToldEvent } from '../../../audit/index.ts'
import type { Clients } from '../../../clients/index.ts'
import { appViewOf } from '../../../oidc/index.ts'
import type { ActivityRow, Text } from '../../../text/index.ts'
import { recordedDevice } from './recorded-device.ts'

/** The sentence of an event. Its values are the application, and what the row says. */
interface Line {
  key: string
  /** Something that the person should look at. */
  warn?: true
  /** The members of the row's detail that the sentence names, under their own names or others. */
  values?: Readonly<Record<string, string>>
}

const ADDRESS = { address: 'address' } as const

const LINES: Readonly<Record<ToldEvent, Line>> = {
  'account.closing': { key: 'account_closing' },
  'account.created': { key: 'account_created' },
  'account.exported': { key: 'exported' },
  'account.kept': { key: 'account_kept' },
  'address.added': { key: 'address_added', values: ADDRESS },
  'address.change_asked': { key: 'address_changing', values: ADDRESS },
  'address.died': { key: 'address_died', warn: true, values: ADDRESS },
  'address.kept': { key: 'address_kept', values: ADDRESS },
  'address.removed': { key: 'address_removing', values: ADDRESS },
  'address.revived': { key: 'address_revived', values: ADDRESS },
  'codes.replaced': { key: 'codes_replaced' },
  'consent.granted': { key: 'consent_granted' },
  'consent.revoked': { key: 'app_ended' },
  'device.forgotten': { key: 'device_forgotten' },
  'device.new': { key: 'device_new' },
  'factor.added': { key: 'factor_added', values: { method: 'method' } },
  'factor.removed': { key: 'factor_removed', values: { method: 'method' } },
  'notice.objected': { key: 'objected', warn: true },
  'profile.changed': { key: 'profile_changed' },
  'rescue.completed': { key: 'rescue_completed', warn: true },
  'rescue.disowned': { key: 'rescue_disowned', warn: true },
  'rescue.lapsed': { key: 'rescue_lapsed' },
  'rescue.shortened': { key: 'rescue_shortened', warn: true },
  'rescue.started': { key: 'rescue_started', warn: true },
  'rescue.stopped': { key: 'rescue_stopped' },
  'second.always': { key: 'second_always' },
  'second.no_longer': { key: 'second_no_longer' },
  'session.ended': { key: 'session_ended' },
  'sign_in.code_closed': { key: 'code_closed', warn: true, values: { method: 'method' } },
  'sign_in.code_wrong': { key: 'code_wrong', warn: true, values: { method: 'method' } },
  'sign_in.completed': { key: 'signed_in', values: { method: 'amr' } },
  'sign_in.proven': { key: 'recovery_used' },
}

/** What happened, as the pages show it. An application that is registered no more goes by its id. */
export async function activityLines(
  entries: readonly ToldEntry[],
  deps: { clients: Pick<Clients, 'find'>; text: Text },
  locale: string,
): Promise<ActivityRow[]> {
  const apps = await appNames(
    entries.flatMap(({ clientId }) => clientId ?? []),
    deps.clients,
  )
  return entries.map((entry) => {
    const { key, warn = false, values = {} } = LINES[entry.event]
    const said = Object.entries(values).map(([name, from]) => [name, String(entry.detail[from] ?? '')])
    const app = { app: apps.get(entry.clientId ?? '') ?? entry.clientId ?? '' }
    return {
      at: entry.at,
      key,
      values: { ...app, ...Object.fromEntries(said) },
      device: entry.device ? recordedDevice(deps.text, entry.device, locale) : null,
      warn,
    }
  })
}

/** Names of applications by their ids; those that are gone are left out. */
export async function appNames(ids: readonly string[], clients: Pick<Clients, 'find'>): Promise<Map<string, string>> {
  const found = await Promise.all([...new Set(ids)].map((id) => clients.find(id)))
  return new Map(found.flatMap((client) => (client ? [[client.id, appViewOf(client).name] as const] : [])))
}
