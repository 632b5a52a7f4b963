import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { freePorts } from '../support/ports.ts'
import { blocksOf, nameOf } from './blocks.ts'
import { isOurs } from './exceptions.ts'
import { type Here, type Plan, portWords, trialEnv } from './plan.ts'
import { PLANS } from './plans.ts'
import { openShell } from './shell.ts'

// Every command of the documents, page by page, in the order in which a reader comes to them.

const PAGE_MS = 300_000

const isThere = (tool: string) =>
  tool.startsWith('/') ? existsSync(tool) : spawnSync('bash', ['-c', `command -v ${tool}`]).status === 0

for (const plan of PLANS.filter(({ page }) => blocksOf(page).some(isOurs))) {
  const missing = ['bash', 'curl', ...(plan.tools ?? [])].filter((tool) => !isThere(tool))
  const title = `${plan.page}: every command does what the page says`
  if (missing.length === 0) test(title, () => run(plan), PAGE_MS)
  else if (process.env.REQUIRE_DOC_TOOLS === '1')
    test(title, () => {
      throw new Error(`REQUIRE_DOC_TOOLS=1, and missing: ${missing.join(', ')}`)
    })
  else test(title, () => void process.stdout.write(`SKIPPED: the commands of ${plan.page}, for want of ${missing.join(', ')}\n`))
}

async function run(plan: Plan): Promise<void> {
  const [port] = await freePorts(3)
  const here: Here = { port, issuer: `http://localhost:${port}` }
  const ground = (await plan.ground?.(here)) ?? { env: trialEnv(here) }
  const words = [...portWords(here), ...(plan.words?.(here) ?? []), ...(ground.words ?? [])]
  const asHere = (text: string) => words.reduce((so, [from, to]) => so.replaceAll(from, to), text)
  const servers = plan.servers?.(here).map(({ line, url }) => ({ line, url: asHere(url) })) ?? []
  const shell = await openShell(ground.env, servers)
  try {
    const all = blocksOf(plan.page)
    for (const [path, begins] of Object.entries(plan.files ?? {})) {
      const block = all.find(({ text }) => text.startsWith(begins))
      if (!block) throw new Error(`${plan.page} has no block that begins with ${begins}`)
      shell.write(path, asHere(block.text))
    }
    if (plan.begin) expect(await shell.run(plan.begin)).toMatchObject({ status: 0 })
    const used = new Set<string>()
    for (const block of all.filter(isOurs)) {
      const step = plan.steps?.find(({ begins }) => block.text.startsWith(begins))
      if (step) used.add(step.begins)
      await step?.before?.(here, shell)
      const { status, output } = await shell.run(asHere(block.text))
      const wanted = step?.status ?? 0
      if (status !== wanted) throw new Error(`${nameOf(block)}\nended with ${status}, not ${wanted}:\n${output}\n${shell.log()}`)
      if (step?.says) expect(output).toMatch(step.says)
      await step?.after?.(here, { ...shell, run: (text) => shell.run(asHere(text)) })
    }
    expect((plan.steps ?? []).map(({ begins }) => begins).filter((begins) => !used.has(begins))).toEqual([])
  } finally {
    await shell.close()
    await ground.stop?.()
  }
}
