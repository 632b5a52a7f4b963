import type { Context } from 'koa'

/** Where the pages of the console are. */
export const PATHS = {
  start: '/admin',
  clients: '/admin/clients',
  newClient: '/admin/new-client',
  apis: '/admin/apis',
  newApi: '/admin/new-api',
  people: '/admin/people',
  messages: '/admin/messages',
  keys: '/admin/keys',
  audit: '/admin/audit',
  administrators: '/admin/administrators',
  search: '/admin/search',
  tryCallback: '/admin/try/callback',
  signOut: '/admin/sign-out',
} as const

/** The page of one client, or one below it. */
export function clientPath(clientId: string, ...below: string[]): string {
  return [PATHS.clients, ...[clientId, ...below].map(part)].join('/')
}

/** The page of one API. Its indicator is an address, so that it stands in the path in letters that no proxy changes. */
export function apiPath(id: string, ...below: string[]): string {
  return [PATHS.apis, Buffer.from(id).toString('base64url'), ...below].join('/')
}

/** The indicator that `apiPath` put into a path. */
export function apiIdOf(ctx: Context): string {
  return Buffer.from(String(ctx.params.ref), 'base64url').toString('utf8')
}

/** The page of one person. */
export function personPath(accountId: string, ...below: string[]): string {
  return [PATHS.people, ...[accountId, ...below].map(part)].join('/')
}

/** A path with what of these parameters says something. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | null | undefined>>): string {
  const said = Object.entries(parameters).filter((pair): pair is [string, string] => Boolean(pair[1]))
  const query = new URLSearchParams(said).toString()
  return query === '' ? path : `${path}?${query}`
}

/** One parameter of the query, as one line; what is given twice is nobody's input. */
export function queryOf(ctx: Context, name: string): string {
  const value = ctx.query[name]
  return typeof value === 'string' ? value.replace(/\p{Cc}/gu, ' ') : ''
}

function part(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
