import { createServer, type Server } from 'node:http'
import type { Metrics } from '../base/index.ts'

export interface OpsDeps {
  metrics: Metrics
  /** Words of why this instance is not ready; null when it is. */
  notReady(): Promise<string | null>
}

/**
 * What is not for people, on a port of its own: `/livez` (the process answers), `/readyz` (503 until it can serve and
 * while it stops) and `/metrics`.
 */
export function createOps({ metrics, notReady }: OpsDeps): Server {
  return createServer(async (req, res) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') => {
      res.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body)
    }
    try {
      if (req.method !== 'GET' && req.method !== 'HEAD') return answer(405, 'method not allowed\n')
      switch (req.url) {
        case '/livez':
          return answer(200, 'alive\n')
        case '/readyz': {
          const why = await notReady()
          return why === null ? answer(200, 'ready\n') : answer(503, `${why}\n`)
        }
        case '/metrics':
          return answer(200, await metrics.metrics(), metrics.contentType)
        default:
          return answer(404, 'not found\n')
      }
    } catch {
      return answer(500, 'failed\n')
    }
  })
}
