// What is in node_modules, written down from what is really there: `sbom.cdx.json` (CycloneDX 1.6) and `LICENSES.txt`
// with the words of every licence. Ends with an error where a package has a licence that is not on the list below.
// (`npm sbom --omit=peer` leaves out every package that something also names as a peer.)
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Licences that ask for no more than that their words come along. */
const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0', 'Python-2.0', 'Unlicense']
const LICENCE_FILE = /^(?:licen[cs]e|copying|notice|unlicense)/i

interface Locked {
  integrity?: string
}
interface Package {
  folder: string
  name: string
  version: string
  license: string
  dependencies: readonly string[]
}

const { packages: locked } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> }
const product = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string; license: string }
const found = packagesIn('node_modules')

const refused = found.filter(({ license }) => !ALLOWED.includes(license))
if (refused.length > 0) {
  const list = refused.map(({ name, version, license }) => `${name}@${version}: ${license}`)
  throw new Error(`licences that are not on the list of release/in-image/bill.ts:\n${list.join('\n')}`)
}
writeFileSync('sbom.cdx.json', `${JSON.stringify(bill(), null, 1)}\n`)
writeFileSync('LICENSES.txt', licences())
process.stdout.write(`${found.length} packages are listed in sbom.cdx.json and LICENSES.txt\n`)

function packagesIn(folder: string): Package[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap(({ name }) => (name.startsWith('@') ? packagesIn(join(folder, name)) : packageAt(join(folder, name))))
    .sort((a, b) => (a.folder < b.folder ? -1 : 1))
}

function packageAt(folder: string): Package[] {
  const inner = existsSync(join(folder, 'node_modules')) ? packagesIn(join(folder, 'node_modules')) : []
  const { name, version, license, dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return [
    { folder, name, version, license: String(license?.type ?? license), dependencies: Object.keys(dependencies ?? {}) },
    ...inner,
  ]
}

function bill() {
  const reference = ({ name, version }: Pick<Package, 'name' | 'version'>) => `pkg:npm/${name.replace('@', '%40')}@${version}`
  const unique = [...new Map(found.map((one) => [reference(one), one])).values()]
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialOf(unique.map(reference)),
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': reference(product),
        name: product.name,
        version: product.version,
        licenses: [{ license: { id: product.license } }],
      },
    },
    components: [
      { type: 'platform', 'bom-ref': `node@${process.versions.node}`, name: 'node', version: process.versions.node },
      ...unique.map((one) => ({
        type: 'library',
        'bom-ref': reference(one),
        name: one.name,
        version: one.version,
        purl: reference(one),
        licenses: [{ license: { id: one.license } }],
        hashes: hashesOf(one.folder),
      })),
    ],
    dependencies: unique.map((one) => ({ ref: reference(one), dependsOn: [...new Set(dependsOn(one).map(reference))] })),
  }
}

/** The same packages make the same number, so that the same inputs make the same image. */
function serialOf(references: readonly string[]): string {
  const digest = createHash('sha256').update(references.join('\n')).digest('hex')
  return `urn:uuid:${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`
}

function hashesOf(folder: string): { alg: string; content: string }[] {
  const integrity = locked[folder.replaceAll('\\', '/')]?.integrity
  if (!integrity?.startsWith('sha512-')) throw new Error(`${folder} is not in the lock file`)
  return [{ alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') }]
}

/** The packages that Node finds from this one: in its own folder first, then further up. */
function dependsOn(from: Package): Package[] {
  return from.dependencies.flatMap((name) => {
    for (let at = from.folder; ; at = at.slice(0, at.lastIndexOf('node_modules'))) {
      const hit = found.find(({ folder }) => folder === join(at, 'node_modules', name))
      if (hit) return [hit]
      if (!at.includes('node_modules')) return []
    }
  })
}

function licences(): string {
  const rule = '-'.repeat(80)
  const parts = found.map(({ folder, name, version, license }) => {
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && LICENCE_FILE.test(entry.name))
    const words = files.map((entry) => readFileSync(join(folder, entry.name), 'utf8').trim())
    const text =
      words.length > 0 ? words.join('\n\n') : 'The package brings no words of its own: those of the licence named above hold.'
    return `${name} ${version}: ${license}\n\n${text}\n`
  })
  return parts.join(`\n${rule}\n`)
}
