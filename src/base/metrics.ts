import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type MetricEntry, type MetricName, metricCatalogue } from './metric-catalogue.ts'

/** The registry of this process. Rooms take their metrics from it, each by its name in the catalogue. */
export type Metrics = Registry

/** A fresh registry: one per process, so that tests can start several services side by side. */
export function createMetrics(): Metrics {
  return new Registry()
}

type NameOf<T extends MetricEntry['type']> = {
  [N in MetricName]: (typeof metricCatalogue)[N]['type'] extends T ? N : never
}[MetricName]
type LabelOf<N extends MetricName> = (typeof metricCatalogue)[N]['labels'][number]

/** The counter of that name; the same one for whoever asks again. */
export function counterIn<N extends NameOf<'counter'>>(metrics: Metrics, name: N): Counter<LabelOf<N>> {
  return known(metrics, name) ?? new Counter<LabelOf<N>>(shapeOf(metrics, name))
}

/** The gauge of that name. `collect` is called when it is read, and must not wait for anything. */
export function gaugeIn<N extends NameOf<'gauge'>>(
  metrics: Metrics,
  name: N,
  collect?: (gauge: Gauge<LabelOf<N>>) => void,
): Gauge<LabelOf<N>> {
  const shape = shapeOf(metrics, name)
  const read = collect && {
    collect(this: Gauge<LabelOf<N>>) {
      collect(this)
    },
  }
  return known(metrics, name) ?? new Gauge<LabelOf<N>>({ ...shape, ...read })
}

/** The histogram of that name, in seconds. */
export function histogramIn<N extends NameOf<'histogram'>>(metrics: Metrics, name: N): Histogram<LabelOf<N>> {
  const { buckets } = metricCatalogue[name]
  return known(metrics, name) ?? new Histogram<LabelOf<N>>({ ...shapeOf(metrics, name), buckets: [...buckets] })
}

function known<T>(metrics: Metrics, name: MetricName): T | undefined {
  return metrics.getSingleMetric(name) as T | undefined
}

function shapeOf<N extends MetricName>(metrics: Metrics, name: N) {
  const { help, labels } = metricCatalogue[name]
  return { name, help, labelNames: labels as readonly LabelOf<N>[], registers: [metrics] }
}

const INTRODUCTION = `# Metrics

What \`/metrics\` on \`OPS_PORT\` tells Prometheus. Nothing is pushed anywhere. This page is written by \`npm run manual\`.

No label holds an address, a number, a code, a token or a link. What is *of the process* is added up over processes
(\`sum\`); what is *of the deployment* is measured by every process once a minute or more often, and is the same everywhere:
take its \`max\`, never its sum. Counters of what happened are raised after the commit of what they count.

Alert rules and a Grafana dashboard made of these are in \`helm/files/\`; each alert has its page in
[the runbook](runbook/README.md).

| Name | Type | Labels | Unit | Of the | What it tells |
|---|---|---|---|---|---|
`

const OF_THE_PROCESS = `
Besides there is what \`prom-client\` tells of every Node process. Watch these:

| Name | What it tells |
|---|---|
| \`nodejs_eventloop_lag_p99_seconds\` | How late the process comes to its work; above 0.1 people feel it |
| \`process_cpu_seconds_total\` | Its rate is the share of one core |
| \`process_resident_memory_bytes\` | Memory, as the container's limit counts it |
| \`nodejs_heap_size_used_bytes\` | What the program itself holds |
| \`nodejs_gc_duration_seconds\` | Time spent on tidying up memory |
| \`process_open_fds\`, \`process_max_fds\` | Files and connections, and how many there may be |
| \`process_start_time_seconds\` | Changes when it was started anew |
`

/** The page about metrics. */
export function metricsManual(): string {
  const rows = Object.entries<MetricEntry>(metricCatalogue).map(([name, { type, labels, unit, of, help }]) => {
    const named = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${named || '–'} | ${unit} | ${of} | ${help.replaceAll('|', '\\|')} |\n`
  })
  return INTRODUCTION + rows.join('') + OF_THE_PROCESS
}
