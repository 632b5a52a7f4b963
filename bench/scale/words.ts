import type { Changes } from './changes.ts'
import type { Growth } from './growth.ts'
import type { IndexSize, Population, TableSize } from './population.ts'
import type { Throughput } from './processes.ts'
import type { Sweeping } from './sweeping.ts'

export interface Outcome {
  population: Population
  postgres: string
  cores: number
  written: [string, Changes][]
  sizes: TableSize[]
  indexes: IndexSize[]
  growth: Growth[]
  throughput: Throughput[]
  sweep: Sweeping
}

/** The outcome as Markdown. */
export function words({ population, postgres, cores, ...found }: Outcome): string {
  return [
    `PostgreSQL ${postgres}, ${cores} cores, ${population.accounts} accounts, ${population.signedIn} of them signed in`,
    ...table(['operation', 'inserted', 'updated', 'deleted', 'commits', 'WAL bytes'], found.written.map(writtenRow)),
    ...table(['table', 'rows', 'MB of rows', 'MB of indexes', 'bytes a row'], found.sizes.map(sizeRow)),
    ...table(
      ['index', 'of', 'MB'],
      found.indexes.map(({ index, table: of, bytes }) => [index, of, mega(bytes)]),
    ),
    ...table(
      ['operation', 'p50 ms, empty', 'p50 ms, full', 'ratio', 'goal', 'PostgreSQL CPU ms, empty', 'full'],
      found.growth.map(growthRow),
    ),
    ...table(
      ['operation', 'processes', 'a second', 'service CPU ms', 'PostgreSQL CPU ms', 'cores: service', 'PostgreSQL', 'clients'],
      found.throughput.map(throughputRow),
    ),
    '',
    ...found.throughput.filter(({ processes }) => processes === 2).map(limitWords),
    '',
    sweepWords(found.sweep),
  ].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return ['', line(head), line(head.map(() => '---')), ...rows.map(line)]
}

const verdict = (kept: boolean) => (kept ? 'kept' : 'missed')
const mega = (bytes: number) => (bytes / 1e6).toFixed(0)

function few(map: Map<string, number>): string {
  return [...map].map(([name, count]) => `${name} ${count.toFixed(1)}`).join(', ') || '–'
}

function writtenRow([name, { inserted, updated, deleted, commits, walBytes }]: [string, Changes]): string[] {
  return [name, few(inserted), few(updated), few(deleted), commits.toFixed(1), String(Math.round(walBytes))]
}

function sizeRow({ table: name, rows, heapBytes, indexBytes }: TableSize): string[] {
  return [name, String(rows), mega(heapBytes), mega(indexBytes), String(Math.round((heapBytes + indexBytes) / rows))]
}

function growthRow({ operation, emptyMs, fullMs, ratio, kept, emptyPostgresMs, fullPostgresMs }: Growth): string[] {
  const times = [emptyMs.toFixed(1), fullMs.toFixed(1), ratio.toFixed(2), verdict(kept)]
  return [operation, ...times, emptyPostgresMs.toFixed(2), fullPostgresMs.toFixed(2)]
}

function throughputRow(one: Throughput): string[] {
  const cpu = [one.serverMs.toFixed(2), one.postgresMs.toFixed(2)]
  const cores = [one.serverCores, one.postgresCores, one.clientCores].map((value) => value.toFixed(2))
  return [one.operation, String(one.processes), one.perSecond.toFixed(0), ...cpu, ...cores]
}

function limitWords({ operation, serverMs, postgresMs }: Throughput): string {
  const perCore = (serverMs / postgresMs).toFixed(1)
  return `${operation}: a core of PostgreSQL serves ${perCore} busy processes of the service, ${(1000 / postgresMs).toFixed(0)} operations a second`
}

function sweepWords({ rows, seconds, without, during, ratio, kept }: Sweeping): string {
  return `sweep: ${rows} rows in ${seconds.toFixed(1)} s, ${Math.round(rows / seconds)} a second. A refresh meanwhile: p50 ${during.p50Ms.toFixed(1)} ms, p99 ${during.p99Ms.toFixed(1)} ms (${during.count} of them); without: ${without.p50Ms.toFixed(1)} and ${without.p99Ms.toFixed(1)} ms. p99 ratio ${ratio.toFixed(2)}: ${verdict(kept)}`
}
