import type { Middleware } from 'koa'
import type { ConsoleGuards } from './guards.ts'
import { PATHS } from './paths.ts'
import { INVITATIONS } from './screens/invitations.ts'
import { KEY_PATHS } from './screens/keys.ts'
import { messagePage } from './screens/messages.ts'
import { personPage } from './screens/person.ts'
import { DEEDS, PART_DEEDS } from './screens/person-questions.ts'
import type { ConsoleScreens } from './screens/screens.ts'

type Add = (path: string, handler: Middleware) => unknown

/** Paths of the start page, of people and administrators, messages, keys and the audit log, each for an operation. */
export function addPeopleRoutes(
  { get, post }: { get: Add; post: Add },
  page: ConsoleGuards['page'],
  screens: ConsoleScreens,
): void {
  const { start, people, person, personDeeds, personRescue, invitations, messages, keys, audit, verify, administrators } = screens
  const ofPerson = { page: personPage }
  const ofMessage = { page: messagePage }

  get(PATHS.start, page('stats.show', start.show))

  get(PATHS.people, page('accounts.list', people.list))
  get('/admin/people/:id', page('accounts.get', person.show))
  get('/admin/people/:id/activity', page('accounts.activity', person.activity))
  get('/admin/people/:id/messages', page('accounts.messages', person.messages))
  get('/admin/people/:id/export', page('accounts.export-one', person.download))
  get('/admin/people/:id/name', page('accounts.update', personDeeds.askName))
  post('/admin/people/:id/name', page('accounts.update', personDeeds.saveName))
  get('/admin/people/:id/role', page('administrators.grant', personDeeds.askRole))
  post('/admin/people/:id/role', page('administrators.grant', personDeeds.giveRole, ofPerson))
  get('/admin/people/:id/rescue', page('accounts.start-rescue', personRescue.askStart))
  post('/admin/people/:id/rescue', page('accounts.start-rescue', personRescue.start, ofPerson))
  get('/admin/people/:id/rescue/shorten', page('accounts.shorten-rescue', personRescue.askShorten))
  post('/admin/people/:id/rescue/shorten', page('accounts.shorten-rescue', personRescue.shorten, ofPerson))
  get('/admin/people/:id/addresses/:place/lift', page('suppressions.lift', personDeeds.askLift))
  post('/admin/people/:id/addresses/:place/lift', page('suppressions.lift', personDeeds.lift, ofPerson))
  for (const [what, deed] of Object.entries(DEEDS)) {
    const { ask, answer } = personDeeds.deed(deed)
    get(`/admin/people/:id/${what}`, page(deed.operation, ask))
    post(`/admin/people/:id/${what}`, page(deed.operation, answer, ofPerson))
  }
  for (const [what, deed] of Object.entries(PART_DEEDS)) {
    const { ask, answer } = personDeeds.deed(deed)
    const path = `/admin/people/:id/${what.replace('/', '/:part/')}`
    get(path, page(deed.operation, ask))
    post(path, page(deed.operation, answer, ofPerson))
  }

  get(INVITATIONS.list, page('invitations.list', invitations.list))
  get(INVITATIONS.invite, page('invitations.create', invitations.askInvite))
  post(INVITATIONS.invite, page('invitations.create', invitations.invite))
  get('/admin/invitations/:invitation/withdraw', page('invitations.delete', invitations.askWithdraw))
  post('/admin/invitations/:invitation/withdraw', page('invitations.delete', invitations.withdraw, { page: INVITATIONS.list }))

  get(PATHS.messages, page('messages.list', messages.list))
  get('/admin/messages/:message', page('messages.get', messages.one))
  post('/admin/messages/:message/retry', page('messages.retry', messages.retry, ofMessage))
  get('/admin/messages/:message/lift', page('suppressions.lift', messages.askLift))
  post('/admin/messages/:message/lift', page('suppressions.lift', messages.lift, ofMessage))

  get(PATHS.keys, page('keys.list', keys.list))
  for (const question of ['rotate', 'leaked'] as const) {
    get(KEY_PATHS[question], page('keys.rotate', keys.ask(question)))
    post(KEY_PATHS[question], page('keys.rotate', keys.rotate(question), { page: PATHS.keys }))
  }
  get(KEY_PATHS.activate, page('keys.activate', keys.ask('activate')))
  post(KEY_PATHS.activate, page('keys.activate', keys.activate, { page: PATHS.keys }))

  get(PATHS.audit, page('audit.list', audit.list))
  get('/admin/audit/export', page('audit.export', audit.download))
  get('/admin/audit/verify', page('audit.verify', verify.verify))
  get('/admin/audit/entries/:entry', page('audit.get', audit.one))

  get(PATHS.administrators, page('administrators.list', administrators.list))
}
