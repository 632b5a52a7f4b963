// Imports what `IMPORTS_FILE` lists, says so on `PORT`, and does nothing else: what the packages take by themselves.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const urls = JSON.parse(readFileSync(process.env.IMPORTS_FILE ?? '', 'utf8')) as string[]
for (const url of urls) await import(url)
createServer((_request, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
