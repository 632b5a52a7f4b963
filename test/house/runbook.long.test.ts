import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { describeWhere } from '../support/missing.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ROOT } from './alerts.ts'

// Every command of the runbook, on a service where somebody has signed in. They need curl and PostgreSQL's psql.
const missing = ['curl', 'psql', 'bash'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined)

const pages = readdirSync(join(ROOT, 'docs/runbook'))
// Many pages ask the same.
const commands = [
  ...new Map(
    pages.flatMap((page) => {
      const text = readFileSync(join(ROOT, 'docs/runbook', page), 'utf8')
      return [...text.matchAll(/^```sh\n(.*?)\n```$/gms)].map(([, command = '']): [string, string] => [command, page])
    }),
  ),
]

const need = { what: missing.join(' and '), isHere: missing.length === 0, requiredBy: 'REQUIRE_DOC_TOOLS' }
describeWhere(need, 'the commands of the runbook', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ texts: true })
    await stage.signIn('maria@fabrikam.example')
  })
  afterAll(() => stage.stop())

  test.each(commands)('%s', (command) => {
    const { env, opsUrl, port } = stage.service
    const given = {
      ...env,
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      OPS: opsUrl,
      DB: env.DATABASE_URL,
      URL: `http://127.0.0.1:${port}`,
    }
    const { status, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', command], {
      cwd: ROOT,
      env: given,
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringMatching(/ERROR|unknown command|error:/) })
  })
})
