// Takes out of node_modules what no run can need: source maps, TypeScript (Node refuses to run it there), and Prisma's
// query compilers for other databases. Two thirds of the bytes; everything else stays, licences first of all.
import { globSync, rmSync } from 'node:fs'

const USELESS = [
  'node_modules/**/*.map',
  'node_modules/**/*.{ts,mts,cts}',
  'node_modules/@prisma/client/runtime/query_compiler_*_bg.{cockroachdb,mysql,sqlite,sqlserver}.*',
  'node_modules/@prisma/client/runtime/query_compiler_small_bg.*',
  'node_modules/@prisma/client/runtime/wasm-compiler-edge.*',
]

const files = globSync(USELESS, { withFileTypes: true }).filter((entry) => entry.isFile())
for (const { parentPath, name } of files) rmSync(`${parentPath}/${name}`)
process.stdout.write(`${files.length} files that no run needs are out\n`)
