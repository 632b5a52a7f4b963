import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { describeWhere } from '../support/missing.ts'
import { alertRules, dashboardExpressions, ROOT } from './alerts.ts'

// `promtool` comes with Prometheus. Where it is missing nothing is checked, unless REQUIRE_PROMTOOL=1.
const isHere = spawnSync('promtool', ['--version']).error === undefined

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'doorward-alerts-'))
  copyFileSync(join(ROOT, 'helm/files/alerts.yaml'), join(folder, 'alerts.yaml'))
  copyFileSync(join(import.meta.dirname, 'alerts-cases.yaml'), join(folder, 'cases.yaml'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const run = (...args: string[]) => execFileSync('promtool', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })

test('every alert has a case in which it fires, and one in which it is silent', () => {
  const cases = readFileSync(join(folder, 'cases.yaml'), 'utf8')
  for (const { alert } of alertRules()) {
    expect(cases).toContain(`- name: ${alert} fires\n`)
    expect(cases).toContain(`- name: ${alert} is silent\n`)
  }
})

describeWhere({ what: 'promtool', isHere, requiredBy: 'REQUIRE_PROMTOOL' }, 'alerts and panels, by Prometheus itself', () => {
  test('the cases come out as written', () => void run('test', 'rules', 'cases.yaml'))

  test('rules and panels are PromQL', () => {
    run('check', 'rules', 'alerts.yaml')
    const rules = dashboardExpressions().map(({ expr }, at) => ({
      record: `panel:${at}`,
      expr: expr.replaceAll('$__rate_interval', '1m'),
    }))
    writeFileSync(join(folder, 'panels.yaml'), JSON.stringify({ groups: [{ name: 'panels', rules }] }))
    run('check', 'rules', 'panels.yaml')
  })
})
