import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Stage, startStage } from '../support/stage.ts'
import { EXAMPLE_ORIGIN, ROOT, registrationOf } from './library.ts'

const names = readdirSync(join(ROOT, 'examples/libraries'))
const entries = names.flatMap((name) =>
  registrationOf(name, EXAMPLE_ORIGIN).map((entry) => ({ ...entry, client_id: `file-${name}` })),
)

const SECRET = 'a secret of the tests that nobody else has'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ clients: entries, env: { MY_APP_SECRET: SECRET } })
})
afterAll(() => stage.stop())

/** In place, as an administrator would in a shell. */
async function bash(command: string): Promise<string> {
  const PATH = `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`
  const env = { ...stage.service.env, PATH, HOME: process.env.HOME ?? '', MY_APP_SECRET: SECRET }
  return (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', command], { cwd: ROOT, env })).stdout
}

/** What was registered, without what belongs to the way it was. */
async function registered(id: string): Promise<Record<string, unknown>> {
  const { client_id, source, secrets, created_at, updated_at, version, warnings, ...fields } = JSON.parse(
    await bash(`node src/cli.ts clients get ${id} --json`),
  ) as Record<string, unknown>
  return fields
}

test.each(names)(
  '%s: the command on its page registers what its part of the clients file does',
  async (name) => {
    const page = readFileSync(join(ROOT, `docs/libraries/${name}.md`), 'utf8')
    const command = /^```sh\n(npm run cli -- clients create .*?)\n```$/ms.exec(page)?.[1] ?? ''
    const id = `at-the-command-line-${name}`
    await bash(command.replace('npm run cli --', 'node src/cli.ts').replace('--client-id my-app', `--client-id ${id}`))
    const [typed, declared] = await Promise.all([registered(id), registered(`file-${name}`)])
    expect(typed).toEqual(declared)
  },
  180_000,
)
