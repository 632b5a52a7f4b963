import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

const LISTENER = `
const { createServer } = require('node:net')
const { parentPort, workerData } = require('node:worker_threads')
createServer().listen({ port: workerData, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage('listening')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

const FULL_AFTER = 2

/**
 * A port on loopback that neither takes nor refuses a connection, as a host that is gone: its listener never accepts,
 * and its queue is full. Answers how to end it.
 */
export async function silentPort(port: number): Promise<() => Promise<void>> {
  const worker = new Worker(LISTENER, { eval: true, workerData: port })
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const queued: Socket[] = []
  for (let count = 0; count < FULL_AFTER; count++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}) // it is reset when the listener ends
    await new Promise((resolve) => socket.once('connect', resolve))
    queued.push(socket)
  }
  return async () => {
    for (const socket of queued) socket.destroy()
    await worker.terminate()
  }
}
