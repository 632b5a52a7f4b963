import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

/** A mail server on loopback that takes every mail and keeps nothing but the code. */
export interface MailSink {
  url: string
  /** The code in the next mail to this address. */
  nextCode(address: string): Promise<string>
  stop(): Promise<void>
}

const WAIT_MS = 20_000

/** @param heard told of each mail, also of one without a code, once it is here as a whole */
export async function startMailSink(heard: (address: string) => void = () => {}): Promise<MailSink> {
  const waiting = new Map<string, (code: string) => void>()
  const arrived = new Map<string, string>()

  function take(address: string, mail: string): void {
    heard(address)
    const [, first = '', second = ''] = /^\s*(\d{3}) ?(\d{3})\s*$/m.exec(mail) ?? []
    if (!first) return // it tells something, and nobody waits for it
    const give = waiting.get(address)
    waiting.delete(address)
    if (give) give(first + second)
    else arrived.set(address, first + second)
  }

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData: (stream, { envelope }, callback) => {
      text(stream).then((mail) => {
        callback(null)
        for (const { address } of envelope.rcptTo) take(address, mail)
      }, callback)
    },
  })
  server.on('error', () => {}) // connections that end with the service
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    nextCode: (address) => {
      const known = arrived.get(address)
      arrived.delete(address)
      if (known !== undefined) return Promise.resolve(known)
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no mail to ${address}`)), WAIT_MS)
        waiting.set(address, (code) => {
          clearTimeout(late)
          resolve(code)
        })
      })
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}
