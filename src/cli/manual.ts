import type { Command } from 'commander'
import { VARIABLES } from './connect.ts'
import { exits } from './exits.ts'
import { createProgram, everyCommand } from './program.ts'

const INTRODUCTION = `# The command line

\`npm run cli -- …\` in a checkout, \`doorward …\` where the package is installed. There is a command for each operation of
the [API](admin-api.md), so that what the one can do, the other can; this page is written by \`npm run manual\`.

## Over the API, or in place

With \`--url https://id.example.com\` (or \`DOORWARD_URL\`) a command goes over the API, by a token:

- \`eval "$(doorward --url https://id.example.com login)"\` signs you in in the browser and puts the token, which is good for
  five minutes, into this shell alone. It is written to no file. \`--login\` does the same for one command. Both ask for two
  factors, in a browser that is remembered too, and for a proof of the last minutes, so that changes may be made as well.
- A machine has \`DOORWARD_CLIENT_ID\` and \`DOORWARD_CLIENT_SECRET\`, or \`DOORWARD_CLIENT_KEY_FILE\`: a client whose registration
  names the API among its \`resources\` and what it may do in \`admin_scopes\`.

Without an address a command works in place: with the settings of the service in the environment (\`DATABASE_URL\`,
\`SECRETS\`, \`ISSUER\` and the others), as whoever holds them may. The trail says \`local\`. In trial mode it finds the
database of the service that is running.

## What is printed

For people: a table that fits the terminal, or one record as lines. What strangers wrote can hold no control characters.
With \`--json\`: the answer of the API, and with \`--all\` one object on each line, page by page. Progress and faults go to
standard error.

Lists of values are given by repeating their option. Records take JSON, \`@file\` with JSON, or \`name=value\`, which may be
repeated: \`doorward clients update shop --fields client_name=Shop --fields 'redirect_uris=["https://shop.example/callback"]'\`.
What is yes or no is \`--first-party\` or \`--no-first-party\`. An id that begins with \`-\` stands after \`--\`.

`

/** The page about the command line: how it is used, its variables and exits, and every command. */
export function commandLineManual(): string {
  const program = createProgram(() => {
    throw new Error('no command runs while its page is written')
  })
  const leaves = everyCommand(program).filter((command) => command.commands.length === 0)
  return [
    INTRODUCTION,
    '## Variables\n\n| Variable | What it is |\n|---|---|\n',
    ...Object.entries(VARIABLES).map(([name, words]) => `| \`${name}\` | ${words} |\n`),
    '\n## Exit codes\n\n| Code | Meaning |\n|---|---|\n',
    ...Object.values(exits).map(({ code, words }) => `| ${code} | ${words} |\n`),
    '\n## Options of every command\n\n| Option | What it does |\n|---|---|\n',
    ...optionRows(program),
    '\n## Commands\n',
    ...leaves.map(section),
  ].join('')
}

function section(command: Command): string {
  const names = pathOf(command)
  const given = command.registeredArguments.map((argument) => ` <${argument.name()}>`).join('')
  const rows = optionRows(command)
  const table = rows.length === 0 ? '' : `\n| Option | What it does |\n|---|---|\n${rows.join('')}`
  return `\n### ${names}\n\n\`doorward ${names}${given}\`\n\n${ended(command.description())}\n${table}`
}

function optionRows(command: Command): string[] {
  return command.options
    .filter((option) => !option.hidden)
    .map((option) => {
      const choices = option.argChoices ? ` (${option.argChoices.join(', ')})` : ''
      return `| \`${option.flags.replaceAll('|', '\\|')}\` | ${`${option.description}${choices}`.trim().replaceAll('|', '\\|')} |\n`
    })
}

const ended = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`)

function pathOf(command: Command): string {
  const above = command.parent?.parent ? `${pathOf(command.parent)} ` : ''
  return `${above}${command.name()}`
}
