import { createHash, createHmac, sign } from 'node:crypto'
import { type SignedByItself, selfSigned } from './certificate.ts'
import { codeIn, type ProviderRequest, startTextServer, type TextServer } from './text-server.ts'

/** What the SDK reads by itself: the test's own key. */
const SNS_ENV = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
export const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:receipts'
const CERTIFICATE = '/SimpleNotificationService-test.pem'

export interface SnsServer extends TextServer {
  /** Environment for the process that sends. */
  env: Readonly<Record<string, string>>
  /** The body of a notification of `TOPIC`, signed; `changes` are made before it is signed. */
  notification(message: unknown, at: Date, changes?: Record<string, unknown>): string
  /** The body of a request to confirm a subscription. */
  confirmation(at: Date, changes?: Record<string, unknown>): string
  /** How often the certificate was fetched, subscriptions were confirmed, and anything else was asked for. */
  visits: { certificate: number; confirm: number; other: number }
}

/** Amazon SNS on loopback: Publish with Signature Version 4 recomputed, its certificate, and signed notifications. */
export async function startSnsServer(): Promise<SnsServer> {
  const visits = { certificate: 0, confirm: 0, other: 0 }
  const pair = selfSigned('sns.amazonaws.com')
  const server = await startTextServer({
    read: (request, number) => {
      if (!isSigned(request)) return null
      const form = Object.fromEntries(new URLSearchParams(request.body))
      if (form.Action !== 'Publish' || !form.PhoneNumber || !form.Message) return null
      const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
      return { to: form.PhoneNumber, text: form.Message, code: codeIn(form.Message), id, asked: form }
    },
    taken: ({ id }) =>
      xml(200, `<PublishResponse ${NS}><PublishResult><MessageId>${id}</MessageId></PublishResult></PublishResponse>`),
    refused: ({ status, code = 'InternalError', message = 'no' }) =>
      xml(
        status,
        `<ErrorResponse ${NS}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
      ),
    other: ({ method, target }) => {
      if (method !== 'GET') return null
      const found = target === CERTIFICATE ? 'certificate' : target.includes('Action=ConfirmSubscription') ? 'confirm' : 'other'
      visits[found]++
      if (found === 'other') return { status: 404, type: 'text/plain', body: 'not found' }
      return { status: 200, type: 'text/plain', body: found === 'certificate' ? pair.certificate : '<ok/>' }
    },
  })

  const common = (at: Date) => ({
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: TOPIC,
    Timestamp: at.toISOString(),
    SignatureVersion: '1',
    SigningCertURL: `${server.url}${CERTIFICATE}`,
  })
  return {
    ...server,
    env: { ...SNS_ENV, AWS_ENDPOINT_URL_SNS: server.url },
    visits,
    notification: (message, at, changes = {}) =>
      signed(pair, { Type: 'Notification', ...common(at), Message: JSON.stringify(message), ...changes }),
    confirmation: (at, changes = {}) =>
      signed(pair, {
        Type: 'SubscriptionConfirmation',
        ...common(at),
        Message: 'You have chosen to subscribe',
        Token: 'token',
        SubscribeURL: `${server.url}/?Action=ConfirmSubscription&Token=token`,
        ...changes,
      }),
  }
}

const NS = 'xmlns="http://sns.amazonaws.com/doc/2010-03-31/"'

function xml(status: number, body: string) {
  return { status, type: 'text/xml', body }
}

/** As SNS documents it: name and value of each member in turn, each followed by a line break. */
function signed({ privateKey }: SignedByItself, message: Record<string, unknown>): string {
  const names =
    message.Type === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
  const text = names.filter((name) => message[name] !== undefined).map((name) => `${name}\n${message[name]}\n`)
  const algorithm = message.SignatureVersion === '2' ? 'sha256' : 'sha1'
  return JSON.stringify({ Signature: sign(algorithm, Buffer.from(text.join('')), privateKey).toString('base64'), ...message })
}

/** Signature Version 4: computed anew from the request with the test's key. */
function isSigned({ method, target, headers, body }: ProviderRequest): boolean {
  const said = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    headers.authorization ?? '',
  )
  if (!said) return false
  const [, credential = '', signedHeaders = '', signature] = said
  const [keyId, date = '', region = '', service = '', end] = credential.split('/')
  if (keyId !== SNS_ENV.AWS_ACCESS_KEY_ID || region !== SNS_ENV.AWS_REGION || service !== 'sns' || end !== 'aws4_request')
    return false
  const names = signedHeaders.split(';')
  if (!['host', 'x-amz-date'].every((name) => names.includes(name))) return false
  const lines = names.map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`).join('')
  const [path = '/', query = ''] = target.split('?')
  const canonical = [method, path, query, lines, signedHeaders, sha256(body)].join('\n')
  const scope = [date, region, service, 'aws4_request'].join('/')
  const toSign = ['AWS4-HMAC-SHA256', String(headers['x-amz-date']), scope, sha256(canonical)].join('\n')
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>(
    (above, part) => createHmac('sha256', above).update(part).digest(),
    `AWS4${SNS_ENV.AWS_SECRET_ACCESS_KEY}`,
  )
  return createHmac('sha256', key).update(toSign).digest('hex') === signature
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
