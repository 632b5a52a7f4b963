// What `node:http` takes to answer bytes that are ready: `ANSWERS` says which, by path. Nothing else is looked at.
import { createServer } from 'node:http'

interface Answer {
  path: string
  headers: Record<string, string | string[]>
  text: string
}

const answers = new Map(
  (JSON.parse(process.env.ANSWERS ?? '[]') as Answer[]).map(({ path, headers, text }) => [
    path,
    { head: Object.entries(headers).flat() as string[], body: Buffer.from(text) },
  ]),
)

const server = createServer((request, response) => {
  const answer = answers.get(request.url ?? '')
  if (!answer) return response.writeHead(404).end()
  return response.writeHead(200, answer.head).end(answer.body)
})
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
