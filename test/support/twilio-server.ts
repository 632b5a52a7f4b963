import { createHmac } from 'node:crypto'
import { codeIn, startTextServer, type TextServer } from './text-server.ts'

export const TWILIO = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'test-auth-token-of-the-account' }

/** Twilio's Messages resource on loopback, with its Basic authentication checked. */
export async function startTwilioServer(): Promise<TextServer> {
  const credentials = Buffer.from(`${TWILIO.accountSid}:${TWILIO.authToken}`).toString('base64')
  return startTextServer({
    read: ({ method, target, headers, body }, number) => {
      const form = Object.fromEntries(new URLSearchParams(body))
      const fits =
        method === 'POST' &&
        target === `/2010-04-01/Accounts/${TWILIO.accountSid}/Messages.json` &&
        headers.authorization === `Basic ${credentials}` &&
        headers['content-type'] === 'application/x-www-form-urlencoded'
      if (!fits || !form.To || !form.Body || (!form.From && !form.MessagingServiceSid)) return null
      const id = `SM${String(number).padStart(32, '0')}`
      return { to: form.To, text: form.Body, code: codeIn(form.Body), id, asked: form }
    },
    taken: ({ id, to }) => json(201, { sid: id, status: 'queued', to, error_code: null }),
    refused: ({ status, code, message = 'no' }) => json(status, { code, message, status }),
  })
}

/** A status callback as Twilio would send it: the form, and the value of `X-Twilio-Signature`. */
export function twilioCallback(url: string, fields: Record<string, string>): { body: string; signature: string } {
  const said = Object.keys(fields)
    .sort()
    .map((name) => `${name}${fields[name]}`)
    .join('')
  const signature = createHmac('sha1', TWILIO.authToken).update(`${url}${said}`).digest('base64')
  return { body: new URLSearchParams(fields).toString(), signature }
}

function json(status: number, value: unknown) {
  return { status, type: 'application/json', body: JSON.stringify(value) }
}
