import { parentPort } from 'node:worker_threads'
import { startMailSink } from '../../bench/mail-sink.ts'

// A mail server on a thread of its own: what it does with a mail takes no time of whoever measures beside it.

const { url } = await startMailSink((address) => parentPort?.postMessage({ address }))
parentPort?.postMessage({ url })
