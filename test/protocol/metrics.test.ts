import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { metricCatalogue } from '../../src/base/index.ts'
import { arrive, submit, until } from '../faults/fault-tools.ts'
import { type Stage, startStage } from '../support/stage.ts'

let stage: Stage
let links = ''

beforeAll(async () => {
  stage = await startStage({ texts: true })
  const walk = await arrive(stage)
  walk.page = await submit(walk, 'identifier', { identifier: 'maria@fabrikam.example' })
  const mail = await stage.mailbox.next('maria@fabrikam.example')
  links = mail.link ?? ''
  walk.page = await submit(walk, 'code', { code: mail.code === '111111' ? '222222' : '111111' })
  await stage.moveClock(45)
  walk.page = await submit(walk, 'code', { code: mail.code ?? '' })
  await walk.visitor.get(walk.page.location ?? '')
})
afterAll(() => stage.stop())

const read = async () => (await fetch(`${stage.service.opsUrl}/metrics`)).text()
const numberOf = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1) ?? Number.NaN,
  )

describe('what a running service tells Prometheus', () => {
  test('every metric of ours is in the catalogue, and every one of the catalogue is told, with its type and help', async () => {
    const text = await read()
    const told = [...text.matchAll(/^# TYPE (doorward_\w+) (\w+)$/gm)].map(([, name, type]) => ({ name, type }))
    const listed = Object.entries(metricCatalogue).map(([name, { type }]) => ({ name, type }))
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
      (a.name ?? '').localeCompare(b.name ?? '')
    expect(told.sort(byName)).toEqual(listed.sort(byName))
  })

  test('a sign-in counts by its method, with the time it took, and so do its wrong code and its tokens', async () => {
    const counted = ['doorward_grants_total{client="test-app"', 'doorward_queue_jobs{task="deliver"']
    const text = await until('the tokens are counted, and the queue is measured', async () => {
      const now = await read()
      return counted.every((one) => now.includes(one)) ? now : ''
    })
    expect(numberOf(text, 'doorward_sign_ins_total{methods="code",outcome="completed"}')).toBe(1)
    const seconds = numberOf(text, 'doorward_sign_in_seconds_sum{methods="code"}')
    expect(seconds).toBeGreaterThanOrEqual(45)
    expect(seconds).toBeLessThan(60)
    expect(numberOf(text, 'doorward_challenge_failures_total{kind="email",reason="wrong"}')).toBe(1)
    expect(numberOf(text, 'doorward_grants_total{client="test-app",type="authorization_code"}')).toBe(1)
    expect(numberOf(text, 'doorward_ready')).toBe(1)
    expect(numberOf(text, 'doorward_database_connections{state="max"}')).toBeGreaterThan(0)
    expect(numberOf(text, 'doorward_database_statement_seconds_count')).toBeGreaterThan(5)
    expect(text).toMatch(/^doorward_build_info\{version="[\d.]+",node="[\d.]+"\} 1$/m)
    expect(text).toMatch(/^doorward_jobs_total\{task="deliver",outcome="done"\} [1-9]/m)
    expect(text).toMatch(/^doorward_queue_jobs\{task="deliver",state="due"\} \d+$/m)
  })

  test('R-177 nobody makes series of their own: made-up paths and methods share one', async () => {
    const { issuer } = stage.service
    const series = async () =>
      new Set([...(await read()).matchAll(/^doorward_http_request_seconds_count\{[^}]*\}/gm)].map(([one]) => one))
    await Promise.all([fetch(`${issuer}/made-up`), fetch(`${issuer}/made-up`, { method: 'PROPFIND' })])
    const before = await series()
    const letters = 'abcdefghijklmnopqrstuvwxyz'
    const folders = ['', '.well-known/', 'assets/', 'receipts/', 'account/', 'admin/', 'admin/api/v1/', 'sign-in/']
    const paths = folders.flatMap((folder) => [...letters].map((one) => `/${folder}${one}-made-up`))
    const answers = await Promise.all(paths.map((path) => fetch(issuer + path, { redirect: 'manual' })))
    expect(answers.every(({ status }) => status < 500)).toBe(true)
    for (const method of ['MKCOL', 'PURGE', 'REPORT', 'LOCK']) await fetch(`${issuer}/made-up`, { method })
    const now = await series()
    expect([...now].filter((one) => /made-up|MKCOL|PURGE|REPORT|LOCK/.test(one))).toEqual([])
    expect(now.size - before.size).toBeLessThanOrEqual(folders.length)
  })

  test('R-177 none of them names an address, a code, a link or a token', async () => {
    const text = await read()
    const { tokens } = stage.relyingParty.last()
    const seeds = ['maria', 'fabrikam', links.slice(links.lastIndexOf('/') + 1), tokens?.id_token, tokens?.access_token]
    for (const seed of seeds) {
      expect(seed?.length).toBeGreaterThan(4)
      expect(text).not.toContain(seed)
    }
  })
})
