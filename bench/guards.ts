import type { Contender } from './contenders.ts'

const PARALLEL = 20

/**
 * What is fast because a guard is off is not worth measuring: of many at once, one alone may use a code or a refresh
 * token. Throws otherwise.
 */
export async function checkGuards({ workers }: Contender): Promise<void> {
  const [worker] = workers
  if (!worker) return
  const { application, clients } = worker
  const { refresh_token } = worker.tokens
  const answers = await Promise.all(
    Array.from({ length: PARALLEL }, (_, index) => {
      const through = workers[index % workers.length]?.application ?? application
      return through.post('/token', clients.web, { grant_type: 'refresh_token', refresh_token })
    }),
  )
  const winners = answers.filter(({ status }) => status === 200).length
  if (winners > 1) throw new Error(`one refresh token was taken ${winners} times of ${PARALLEL}: a guard is off`)
  const failures = answers.filter(({ status }) => status >= 500).length
  if (failures > 0) throw new Error(`${failures} of ${PARALLEL} parallel uses of a refresh token ended in a server error`)
}
