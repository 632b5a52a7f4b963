import { MONEY_WORDS } from './money-words.ts'
import type { Group, Setting, SettingsTable } from './setting.ts'
import { settings } from './settings.ts'

const GROUPS: readonly Group[] = [
  'Service',
  'Storage',
  'Secrets',
  'Mail',
  'Text messages',
  'People and applications',
  'Sign-in',
  'Tokens and sessions',
  'Limits',
]

const INTRODUCTION = `# Settings

<!-- Made by \`npm run manual\` from src/config. Change it there. -->

Every setting is an environment variable, read once at start. All that is wrong is told at once, by name, and the
service does not start. An empty variable counts as unset.

*Trial mode* is for trying the service on one machine: \`NODE_ENV\` is not \`production\` and \`ISSUER\` is unset or
\`http\` on \`localhost\`, \`127.0.0.1\` or \`[::1]\`. Only then may a setting marked **required** be left out; the
service makes up what is missing. Outside of trial mode nothing is made up.

A **secret** may also be read from a file: put the path in the variable of the same name with \`_FILE\` behind it, such
as \`SECRETS_FILE=/run/secrets/doorward\`. Setting both is a fault. Secrets are never repeated in a message.

Durations are written \`45s\`, \`10m\`, \`12h\` or \`30d\`; a bare number counts seconds. Sizes are written \`64kB\` or
\`1MB\`; kB is 1024 bytes.
`

/** The page of all settings, by group, in Markdown. `extra` holds the tables of methods and channels. */
export function settingsManual(extra: SettingsTable = {}): string {
  const sections = grouped(extra).map(
    ([group, members]) =>
      `## ${group}\n\n| Name | Default | Written as | What it does |\n| --- | --- | --- | --- |\n${members.map(row).join('\n')}\n${group === 'Text messages' ? `\n${MONEY_WORDS}` : ''}`,
  )
  return [INTRODUCTION, ...sections].join('\n')
}

/** The file `.env.example`: every setting with its default, commented out unless production needs another. */
export function envExample(extra: SettingsTable = {}): string {
  const head = `# Made by \`npm run manual\` from src/config. The settings are explained in docs/settings.md.\n# Use it by: node --env-file=.env src/main.ts\n`
  const sections = grouped(extra).map(([group, members]) => `# --- ${group} ---\n\n${members.map(entry).join('\n\n')}\n`)
  return [head, ...sections].join('\n')
}

function grouped(extra: SettingsTable): [Group, Setting<unknown>[]][] {
  const all: Setting<unknown>[] = Object.values({ ...settings, ...extra })
  return GROUPS.map((group): [Group, Setting<unknown>[]] => [group, all.filter((setting) => setting.group === group)]).filter(
    ([, members]) => members.length > 0,
  )
}

function row(setting: Setting<unknown>): string {
  const marks = [setting.required ? '**required**' : '', setting.secret ? '**secret**' : ''].filter(Boolean).join(', ')
  const given = setting.default === null ? (setting.defaultWords ?? 'none') : `\`${setting.default}\``
  const written = [setting.kind, setting.unit].filter(Boolean).join(': ').replaceAll('<', '\\<')
  const help = `${marks ? `${marks}. ` : ''}${setting.help}${setting.applies ? ` *Applies to:* ${setting.applies}.` : ''}`
  return `| \`${setting.name}\` | ${[given, written, help].map(cell).join(' | ')} |`
}

function entry(setting: Setting<unknown>): string {
  const form = [setting.kind, setting.unit].filter(Boolean).join(': ')
  const marks = [
    setting.required ? 'required outside of trial mode' : '',
    setting.secret ? `or ${setting.name}_FILE` : '',
  ].filter(Boolean)
  const note = `# ${setting.help.replaceAll('`', '')}\n# ${[form, ...marks].join('; ')}`
  const value = setting.example ?? setting.default ?? ''
  const needed = setting.required || setting.name === 'NODE_ENV'
  return `${note}\n${needed ? '' : '#'}${setting.name}=${/[\s<>#"]/.test(value) ? `'${value}'` : value}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
