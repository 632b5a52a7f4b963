import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { valuesReadme } from './values-readme.ts'
import { valuesSchema } from './values-schema.ts'

/** Pages of the chart that come from its values and from the table of settings. Paths from the top of the project. */
export function helmPages(root: string): { path: string; content: string }[] {
  const textOf = (path: string) => readFileSync(join(root, 'helm', path), 'utf8')
  const values = textOf('values.yaml')
  return [
    { path: 'helm/README.md', content: valuesReadme(values) },
    {
      path: 'helm/values.schema.json',
      content: `${JSON.stringify(valuesSchema(values, textOf('templates/_pod.tpl')), null, 2)}\n`,
    },
  ]
}
