import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { metricCatalogue, metricsManual } from '../../src/base/index.ts'
import { alertRules, dashboardExpressions, pageOf, ROOT, unknownIn } from './alerts.ts'

const rules = alertRules()
const pages = readdirSync(join(ROOT, 'docs/runbook')).filter((name) => name.startsWith('doorward-'))

describe('whoever is woken', () => {
  test('every alert and every panel asks for what a running service tells, label by label', () => {
    const asked = [...rules.map(({ alert, expr }) => ({ title: alert, expr })), ...dashboardExpressions()]
    expect(asked.length).toBeGreaterThan(60)
    expect(
      asked.map(({ title, expr }) => ({ title, unknown: unknownIn(expr) })).filter(({ unknown }) => unknown.length > 0),
    ).toEqual([])
    expect(unknownIn('sum by (route) (rate(doorward_made_up_total{status="x"}[5m]))')).toEqual([
      'doorward_made_up_total',
      'route',
    ])
    expect(unknownIn('max(doorward_queue_jobs{table="x"})')).toEqual(['doorward_queue_jobs{table}'])
  })

  test('finds a page for each alert, and no page without its alert', () => {
    expect(pages.sort()).toEqual(rules.map(({ alert }) => `${pageOf(alert)}.md`).sort())
    for (const { alert, annotations, labels } of rules) {
      expect(annotations.runbook_url).toBe(`__RUNBOOK__/${pageOf(alert)}.md`)
      expect([alert, labels.severity]).toEqual([alert, expect.stringMatching(/^(?:critical|warning)$/)])
      expect([alert, Boolean(annotations.summary && annotations.description)]).toEqual([alert, true])
      const page = readFileSync(join(ROOT, 'docs/runbook', `${pageOf(alert)}.md`), 'utf8')
      const headings = [...page.matchAll(/^##? (.*)$/gm)].map(([, words]) => words)
      expect(headings).toEqual([alert, 'What it means', 'Look at', 'Do', 'Afterwards'])
    }
  })

  test('the list of pages names each with its words', () => {
    const list = readFileSync(join(ROOT, 'docs/runbook/README.md'), 'utf8')
    const rows = [...list.matchAll(/^\| \[(\w+)\]\(([a-z-]+\.md)\) \| (\w+) \|/gm)].map(([, alert, page, severity]) => [
      alert,
      page,
      severity,
    ])
    expect(rows).toEqual(rules.map(({ alert, labels }) => [alert, `${pageOf(alert)}.md`, labels.severity]))
  })
})

test('R-177 metrics are named as Prometheus asks, and none can carry who somebody is', () => {
  for (const [name, { type, unit, labels }] of Object.entries(metricCatalogue)) {
    expect(name).toMatch(/^doorward(?:_[a-z]+)+$/)
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
    if (unit === 'seconds') expect(name).toMatch(/_seconds$/)
    const telling = labels.filter((label) => /address|email|phone|number|code$|token|link|account|sub|uid|^ip$/.test(label))
    expect([name, telling]).toEqual([name, []])
    expect(metricsManual()).toContain(`| \`${name}\` | ${type} |`)
  }
})
