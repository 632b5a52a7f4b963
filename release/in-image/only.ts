// Makes package.json and the lock file name only the packages given, at the versions that are locked: a stage that
// needs one tool then installs that, and not every tool there is.
import { readFileSync, writeFileSync } from 'node:fs'

interface Manifest {
  name: string
  version: string
  type: string
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, unknown> }
const ranges = { ...manifest.dependencies, ...manifest.devDependencies }
const wanted = process.argv.slice(2).map((name) => {
  if (!ranges[name]) throw new Error(`${name} is not in package.json`)
  return [name, ranges[name]]
})
const { name, version, type } = manifest
const only = { name, version, type, dependencies: Object.fromEntries(wanted) as Record<string, string> }
lock.packages[''] = only
writeFileSync('package.json', JSON.stringify(only))
writeFileSync('package-lock.json', JSON.stringify(lock))
