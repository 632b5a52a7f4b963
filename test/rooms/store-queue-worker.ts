// A worker in a process of its own, to be killed in the middle of a job: it says "running" and never ends.
import { clock, createLog, createMetrics } from '../../src/base/index.ts'
import { createQueue, openDatabase } from '../../src/store/index.ts'

const [, , url = ''] = process.argv
const log = createLog('silent')
const db = openDatabase({ url, poolSize: 2, log, metrics: createMetrics(), clock })
const queue = createQueue({
  databaseUrl: url,
  db,
  log,
  metrics: createMetrics(),
  crontab: '',
  concurrency: 1,
  soonAtOnce: 1,
  tasks: {
    hang: () => {
      process.stdout.write('running\n')
      return new Promise(() => setInterval(() => {}, 1000))
    },
  },
})
await queue.start()
