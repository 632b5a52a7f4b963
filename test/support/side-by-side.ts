// Runs scripts of package.json beside each other: `node test/support/side-by-side.ts one two`. What each says is
// shown in one piece, in the order of their names; one that fails fails the whole.
import { spawn } from 'node:child_process'

/** Runs one script to its end, whatever the others do. */
async function run(script: string): Promise<{ said: string; failed: boolean }> {
  const child = spawn(process.execPath, ['--run', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const { promise, resolve } = Promise.withResolvers<{ said: string; failed: boolean }>()
  child.once('error', (error) => resolve({ said: `${script}: ${error.message}\n`, failed: true }))
  child.once('close', (code) => resolve({ said, failed: code !== 0 }))
  return promise
}

const ends = await Promise.all(process.argv.slice(2).map(run))
for (const { said } of ends) process.stdout.write(said)
if (ends.some(({ failed }) => failed)) process.exitCode = 1
