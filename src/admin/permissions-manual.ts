import { operations } from './catalogue.ts'
import type { OperationSpec } from './operation.ts'
import { CHANGE_MAX_AGE_SECONDS, isChange } from './permissions.ts'
import { ADMIN_SCOPES, ROLES } from './scopes.ts'

const INTRODUCTION = `# Who may do what

Made from the code by \`npm run manual\`: do not edit.

Whoever administers has one role, and what they use has scopes: an operation needs both. A machine (client credentials)
has no role; it needs the scope, and its registration must name it in \`admin_scopes\`. People need
a second factor for everything, reading too, and for a change a proof that is no older than ${CHANGE_MAX_AGE_SECONDS / 60} minutes; for a change
all of it is asked once more in its transaction.
What an operation is done to has rules of its own: nobody gives what they do not have, \`support\` touches no account that
has a role, the last administrator stays, and what the clients file declares is changed there.
`

/** The permission matrix: every operation of the catalogue, by role and scope. */
export function permissionsManual(): string {
  const rows = Object.entries(operations).map(([name, spec]) => row(name, spec))
  const scopes = Object.entries(ADMIN_SCOPES).map(([scope, words]) => `| \`${scope}\` | ${words} |`)
  return [
    INTRODUCTION,
    `| Operation | ${ROLES.join(' | ')} | Scope | Young proof | |`,
    `|---|${ROLES.map(() => '---').join('|')}|---|---|---|`,
    ...rows,
    '',
    '## Scopes',
    '',
    '| Scope | What it opens |',
    '|---|---|',
    ...scopes,
    '',
  ].join('\n')
}

function row(name: string, spec: OperationSpec): string {
  const roles = ROLES.map((role) => (spec.roles.includes(role) ? 'yes' : '–'))
  const cells = [`\`${name}\``, ...roles, `\`${spec.scope}\``, isChange(spec) ? 'yes' : '', spec.summary]
  return `| ${cells.join(' | ')} |`
}
