// Loaded before a process with `--import`: notes which files of packages our own sources import, in the file `IMPORTS_FILE`.
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const found = new Set<string>()
const isPackage = (url: string) => url.includes('/node_modules/')

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const fromOurs = context.parentURL !== undefined && !isPackage(context.parentURL)
    if (fromOurs && resolved.url.startsWith('file:') && isPackage(resolved.url)) found.add(resolved.url)
    return resolved
  },
})
process.on('exit', () => writeFileSync(process.env.IMPORTS_FILE ?? '', JSON.stringify([...found])))
