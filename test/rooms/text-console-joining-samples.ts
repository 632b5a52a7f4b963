import type { ConsolePeopleViews } from '../../src/text/index.ts'
import { before, form, long, now, people, person, shell, soon } from './text-console-rows.ts'

const noFaults = { address: null, client: null, days: null, other: null }
const invite = {
  shell: shell('people'),
  address: '',
  client: '',
  days: '14',
  faults: noFaults,
  form,
  backUrl: '/admin/invitations',
}

type Joining = 'console-invite' | 'console-invitations' | 'console-administrators'

/** Who may join, and who administers. */
export const consoleJoiningPages: { [N in Joining]: Record<string, ConsolePeopleViews[N]> } = {
  'console-invite': {
    first: invite,
    wrong: {
      ...invite,
      address: 'maria@',
      client: 'nobody',
      faults: {
        address: 'Type one whole email address.',
        client: 'There is no such app.',
        days: 'At most 90.',
        other: 'Too many invitations.',
      },
    },
  },
  'console-invitations': {
    full: {
      shell: shell('people', { said: { key: 'people.said.invited', values: { address: 'new@fabrikam.example' } } }),
      invitations: [
        {
          address: 'new@fabrikam.example',
          role: null,
          createdAt: now,
          expiresAt: soon,
          withdrawUrl: '/admin/invitations/i/withdraw',
        },
        { address: long, role: 'admin', createdAt: before, expiresAt: soon, withdrawUrl: null },
      ],
      moreUrl: '/admin/invitations?cursor=x',
      inviteUrl: '/admin/invitations/new',
      backUrl: '/admin/people',
    },
    none: { shell: shell('people'), invitations: [], moreUrl: null, inviteUrl: null, backUrl: '/admin/people' },
  },
  'console-administrators': {
    full: {
      shell: shell('administrators'),
      administrators: [
        {
          ...people[1],
          ...person,
          called: 'Jonas Kern',
          initials: 'JK',
          role: 'admin',
          secondFactor: true,
          revokeUrl: '/admin/people/p/revoke-role',
          roleUrl: '/admin/people/p/role',
        },
        {
          ...person,
          called: long,
          address: null,
          role: 'auditor',
          state: 'suspended',
          lastSignInAt: null,
          secondFactor: false,
          revokeUrl: null,
          roleUrl: null,
        },
      ],
      mayGrant: true,
      peopleUrl: '/admin/people',
    },
  },
}
