import { type ValueLine, valueLines } from './values-comments.ts'

const HEAD = `# Helm chart of Doorward

<!-- Made by \`npm run manual\` from values.yaml. Change it there. -->

A passwordless OpenID Provider. It needs a PostgreSQL, a mail server, and an Ingress controller or a Gateway that ends TLS.
From an empty namespace to the first sign-in: [docs/kubernetes.md](../docs/kubernetes.md).

\`\`\`sh
helm install doorward ./helm --namespace identity --values values.yaml
helm --namespace identity test doorward
\`\`\`

The least that \`values.yaml\` must say: [ci/minimal-values.yaml](ci/minimal-values.yaml). Other files in [ci](ci) show more:
a Gateway, AWS SNS by IRSA, a pooler, a closed network. A value that does not exist is refused, and so is a setting.
`

/** The page of all values, by section, in Markdown. */
export function valuesReadme(valuesText: string): string {
  const lines = valueLines(valuesText)
  const sections = [...new Set(lines.map(({ section }) => section))]
  return [
    HEAD,
    ...sections.map((section) => {
      const rows = lines.filter((line) => line.section === section && !isOnlyAbove(line, lines)).map(row)
      return `## ${section}\n\n| Value | Default | What it does |\n| --- | --- | --- |\n${rows.join('\n')}\n`
    }),
  ].join('\n')
}

/** What has members of its own in the list, and nothing to say beside them. */
function isOnlyAbove({ path, words }: ValueLine, lines: readonly ValueLine[]): boolean {
  return words === '' && lines.some((other) => other.path.startsWith(`${path}.`))
}

function row({ path, words, default: given }: ValueLine): string {
  return `| \`${path}\` | ${defaultCell(given)} | ${words.replaceAll('|', '\\|')} |`
}

function defaultCell(given: unknown): string {
  if (given === null || given === '' || JSON.stringify(given) === '{}' || JSON.stringify(given) === '[]') return ''
  return `\`${typeof given === 'string' ? given : JSON.stringify(given)}\``
}
