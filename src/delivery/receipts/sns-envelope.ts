import { verify, type X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { isLoopback } from '../loopback.ts'

const TIMESTAMP_SECONDS_MAX = 3600
const CERTIFICATE_PATH = /^\/SimpleNotificationService-[0-9a-zA-Z]{1,64}\.pem$/

const text = z.string()
const common = { MessageId: text, TopicArn: text, Message: text, Timestamp: text, Signature: text, SigningCertURL: text }
const envelope = z.discriminatedUnion('Type', [
  z.object({ ...common, Type: z.literal('Notification'), Subject: text.nullish(), SignatureVersion: z.enum(['1', '2']) }),
  z.object({
    ...common,
    Type: z.enum(['SubscriptionConfirmation', 'UnsubscribeConfirmation']),
    SignatureVersion: z.enum(['1', '2']),
    Token: text,
    SubscribeURL: text,
  }),
])

/** What Amazon SNS posts to an HTTP endpoint. Nothing in it is true before its signature was checked. */
export type SnsEnvelope = z.infer<typeof envelope>

/** Reads the body of a request; null when it is none of SNS. */
export function readSnsEnvelope(body: string): SnsEnvelope | null {
  const read = envelope.safeParse(parsed(body))
  return read.success ? read.data : null
}

/** Whether it was signed within an hour of `now`: SNS delivers again for that long. */
export function isFresh({ Timestamp }: SnsEnvelope, now: Date): boolean {
  const at = new Date(Timestamp).getTime()
  return Math.abs(now.getTime() - at) <= TIMESTAMP_SECONDS_MAX * 1000
}

/**
 * Whether an address in a message leads to the SNS of its topic's region, over https; or to `endpoint`, the one that
 * the deployment uses instead: over https, or on this machine. Every other host could be a stranger's.
 */
export function isSnsAddress(address: string, topicArn: string, endpoint: string | null): boolean {
  const url = URL.parse(address)
  if (!url || url.username || url.password) return false
  if (endpoint !== null && url.origin === originOf(endpoint)) return true
  const [, partition, , region = ''] = topicArn.split(':')
  if (!/^[a-z0-9-]{1,32}$/.test(region)) return false
  return url.origin === `https://sns.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`
}

// An address of another scheme has the origin `null`, like any other such address; it may be a misspelt one.
function originOf(endpoint: string): string | undefined {
  const url = URL.parse(endpoint)
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  return safe ? url.origin : undefined
}

/** Whether the certificate of a message has a name and a place as those of SNS have. */
export function isSnsCertificate(message: SnsEnvelope, endpoint: string | null): boolean {
  const { SigningCertURL, TopicArn } = message
  const url = URL.parse(SigningCertURL)
  return url !== null && CERTIFICATE_PATH.test(url.pathname) && !url.search && isSnsAddress(SigningCertURL, TopicArn, endpoint)
}

/** Verifies the signature: RSA over the named members, with SHA-1 (version 1) or SHA-256 (version 2). */
export function isSignedBy(message: SnsEnvelope, certificate: X509Certificate, now: Date): boolean {
  if (now < certificate.validFromDate || now > certificate.validToDate) return false
  const algorithm = message.SignatureVersion === '1' ? 'sha1' : 'sha256'
  return verify(algorithm, signedText(message), certificate.publicKey, Buffer.from(message.Signature, 'base64'))
}

function signedText(message: SnsEnvelope): Buffer {
  const members =
    message.Type === 'Notification'
      ? { ...pick(message), ...(typeof message.Subject === 'string' && { Subject: message.Subject }) }
      : { ...pick(message), SubscribeURL: message.SubscribeURL, Token: message.Token }
  const lines = Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.from(lines.map(([name, value]) => `${name}\n${value}\n`).join(''), 'utf8')
}

function pick({ Message, MessageId, Timestamp, TopicArn, Type }: SnsEnvelope): Record<string, string> {
  return { Message, MessageId, Timestamp, TopicArn, Type }
}

/** Reads JSON; undefined when it is none. */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
