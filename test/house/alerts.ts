import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { collectDefaultMetrics } from 'prom-client'
import { parse } from 'yaml'
import { createMetrics, metricCatalogue } from '../../src/base/index.ts'

export const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

export interface Rule {
  alert: string
  expr: string
  for?: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** The alert rules that the chart brings. */
export function alertRules(): Rule[] {
  const { groups } = parse(read('helm/files/alerts.yaml')) as { groups: { name: string; rules: Rule[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

interface Panel {
  title: string
  targets?: { expr: string }[]
}

/** The dashboard's expressions, each with the title of its panel. */
export function dashboardExpressions(): { title: string; expr: string }[] {
  const { panels } = JSON.parse(read('helm/files/dashboard.json')) as { panels: Panel[] }
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
}

/** `DoorwardNotReady` as its page is called: `doorward-not-ready`. */
export const pageOf = (alert: string): string => alert.replace(/(?<!^)(?=[A-Z])/g, '-').toLowerCase()

/** What a process of Node tells besides. */
function defaultMetrics(): Map<string, readonly string[]> {
  const metrics = createMetrics()
  collectDefaultMetrics({ register: metrics })
  return new Map(metrics.getMetricsAsArray().map(({ name }) => [name, ['type', 'kind', 'space', 'version']]))
}

const labels = new Map<string, readonly string[]>([
  ...defaultMetrics(),
  ...Object.entries(metricCatalogue).map(([name, { labels: own }]): [string, readonly string[]] => [name, own]),
])
/** Added by Prometheus, or by the histogram. */
const ADDED = ['job', 'instance', 'le', 'alertname', 'alertstate']
// Functions, operators and modifiers of PromQL, and units of time.
const WORDS =
  /^(?:sum|max|min|avg|count|topk|by|on|and|or|unless|ignoring|group_left|rate|increase|delta|changes|abs|time|absent|vector|histogram_quantile|min_over_time)$/

/** What an expression names that no running service tells: metrics that are not there, and labels that they lack. */
export function unknownIn(expr: string): string[] {
  const bare = expr.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\[[^\]]*\]/g, '')
  const selectors = [...bare.matchAll(/([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?/g)]
  const unknown: string[] = []
  const known = new Set<string>(ADDED)
  const asked: string[] = []
  for (const [, name = '', matchers = ''] of selectors) {
    const family = name.replace(/_(?:bucket|count|sum)$/, '')
    const own = labels.get(name) ?? (labelsOfHistogram(family) && labels.get(family))
    if (own) {
      for (const label of own) known.add(label)
      const named = matchers
        .split(',')
        .filter(Boolean)
        .map((matcher) => matcher.split(/[=!]/)[0]?.trim() ?? '')
      unknown.push(...named.filter((label) => !own.includes(label) && !ADDED.includes(label)).map((label) => `${name}{${label}}`))
    } else if (/^(?:doorward|nodejs|process)_/.test(name)) unknown.push(name)
    else if (!WORDS.test(name)) asked.push(name)
  }
  // What is left are labels to group by: one of the metrics has them.
  return [...unknown, ...asked.filter((word) => !known.has(word) && !/^\$|^__/.test(word))]
}

function labelsOfHistogram(name: string): boolean {
  return name in metricCatalogue && metricCatalogue[name as keyof typeof metricCatalogue].type === 'histogram'
}
