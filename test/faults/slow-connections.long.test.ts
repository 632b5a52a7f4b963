import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { send } from '../support/http.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { probe } from './fault-tools.ts'

// Connections that take all the time in the world. All of them are open at once.

const IDLE = 500

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

interface Slow {
  socket: Socket
  /** Seconds until the server ended it, and what it said. */
  ended: Promise<{ seconds: number; text: string }>
}

/** Opens a connection, sends these words, and then one character each half second. */
async function slowly(begin: string, drop: string | null): Promise<Slow> {
  const socket = connect(stage.service.port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const began = performance.now()
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += String(chunk)
  })
  socket.on('error', () => {})
  if (begin) socket.write(begin)
  const dripping = drop === null ? null : setInterval(() => socket.writable && socket.write(drop), 500)
  const ended = new Promise<{ seconds: number; text: string }>((resolve) =>
    socket.once('close', () => {
      clearInterval(dripping ?? undefined)
      resolve({ seconds: (performance.now() - began) / 1000, text })
    }),
  )
  return { socket, ended }
}

describe('slow and idle connections', () => {
  test('F-48 slow headers end after ten seconds, a slow body after thirty; idle ones keep nobody out', async () => {
    const { host } = new URL(stage.service.issuer)
    const idle = await Promise.all(Array.from({ length: IDLE }, () => slowly('', null)))
    const headers = await slowly(`GET /jwks HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `, 'a')
    const head = `POST /token HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n`
    const body = await slowly(head, 'a')
    const silent = await slowly(head, null)

    const began = performance.now()
    expect((await send(`${stage.service.issuer}/jwks`)).status).toBe(200)
    await stage.signIn('among-the-idle@fabrikam.example')
    expect(await probe(stage.service.env.OPS_PORT as string, '/livez')).toBe(200)
    expect(performance.now() - began).toBeLessThan(5000)

    expect((await headers.ended).seconds).toBeLessThan(13)
    for (const { ended } of idle) expect((await ended).seconds).toBeLessThan(15)
    for (const { ended } of [body, silent]) {
      const { seconds, text } = await ended
      expect(seconds).toBeLessThan(34)
      expect(text).not.toMatch(/^HTTP\/1\.1 (2|5)/)
    }
    await stage.signIn('after-the-idle@fabrikam.example')
  }, 60_000)
})
