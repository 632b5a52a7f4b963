import type { ChildProcess } from 'node:child_process'

/** Runs a command to its end. Throws with what it wrote when it fails. */
export async function finish(child: ChildProcess): Promise<string> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  child.on('error', reject)
  child.on('close', (code, signal) =>
    code === 0 ? resolve(output) : reject(new Error(`ended with ${code ?? signal}\n${output}`)),
  )
  return promise
}
