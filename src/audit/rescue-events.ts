import type { EventEntry } from './event-entry.ts'

/** Getting back in after a second factor was lost. */
export const rescueEvents = {
  'rescue.started': {
    level: 'warn',
    kept: true,
    detail: { waitSeconds: 'number' },
    optional: { reason: 'text' },
    help: "Somebody who proved the addresses of an account, or an administrator, began its rescue: after a wait of `waitSeconds` another second factor can be set up. `reason`: why, in the administrator's words.",
  },
  'rescue.shortened': { level: 'warn', kept: true, detail: {}, help: 'An administrator made the wait of a rescue shorter.' },
  'rescue.stopped': {
    level: 'info',
    kept: true,
    detail: { by: 'text' },
    help: 'A rescue was stopped (`by`): by the person, who may have found their second factor, by the link of a notice, by an administrator, or since the address that it was begun with is to leave the account (clock).',
  },
  'rescue.disowned': {
    level: 'warn',
    kept: true,
    detail: {},
    help: 'A person said that it was not they who began a rescue: everything was signed out, and none begins for a while.',
  },
  'rescue.completed': {
    level: 'warn',
    kept: true,
    detail: { method: 'text' },
    help: 'After the wait another second factor was set up in place of all there were.',
  },
  'rescue.lapsed': { level: 'info', kept: true, detail: {}, help: 'Nobody took up a rescue in the time after its wait.' },
} as const satisfies Record<string, EventEntry>
