import type { Clock, Log } from '../../base/index.ts'
import type { Receipt } from '../receipt.ts'
import { createWebhookSignature } from '../webhook-signature.ts'
import { readGenericReceipt } from './generic-receipt.ts'
import { createSnsFetcher } from './sns-certificates.ts'
import { isFresh, isSignedBy, isSnsAddress, isSnsCertificate, readSnsEnvelope, type SnsEnvelope } from './sns-envelope.ts'
import { receiptsOf } from './sns-events.ts'
import { isSignedByTwilio, twilioReceipt } from './twilio-receipt.ts'

/** `forged`: the signature, or where it comes from, is not right. `unreadable`: it is no receipt. */
export type Received = 'taken' | 'forged' | 'unreadable'

export interface ReceiptDeskDeps {
  take(receipt: Receipt): Promise<void>
  /** Topics whose notifications are taken; without one SNS has no desk. */
  snsTopics: readonly string[]
  /** `AWS_ENDPOINT_URL_SNS`, where it is set. */
  snsEndpoint: string | null
  /** The address that Twilio was given for its callbacks. */
  twilioUrl: string
  /** Null: Twilio has no desk. */
  twilioAuthToken: string | null
  /** Null: there is no generic desk. */
  secret: string | null
  clock: Clock
  log: Log
}

/**
 * Where receipts come in: each checks who says it before anything of it is believed. Null where it is not set up.
 * All throw `Refusal('unavailable')` when a receipt cannot be recorded or checked now, so that it is sent again.
 */
export interface ReceiptDesk {
  sns: ((body: string) => Promise<Received>) | null
  twilio: ((body: string, signature: string) => Promise<Received>) | null
  generic: ((body: string, headers: { id: string; timestamp: string; signature: string }) => Promise<Received>) | null
}

/** Makes the desks that the settings ask for. */
export function createReceiptDesk(deps: ReceiptDeskDeps): ReceiptDesk {
  const { take, clock, log, snsTopics, snsEndpoint, twilioAuthToken } = deps
  const fetcher = createSnsFetcher({ clock })
  const signature = deps.secret === null ? null : createWebhookSignature(deps.secret)

  async function sns(body: string): Promise<Received> {
    const message = readSnsEnvelope(body)
    if (!message) return 'unreadable'
    if (!(await isGenuine(message))) return 'forged'
    if (message.Type === 'Notification') {
      for (const receipt of receiptsOf(message.Message)) await take(receipt)
      return 'taken'
    }
    if (message.Type === 'SubscriptionConfirmation') return confirm(message)
    log.warn({ topic: message.TopicArn }, 'a topic of receipts no longer notifies this service')
    return 'taken'
  }

  async function isGenuine(message: SnsEnvelope): Promise<boolean> {
    if (!snsTopics.includes(message.TopicArn) || !isFresh(message, clock.now())) return false
    if (!isSnsCertificate(message, snsEndpoint)) return false
    const certificate = await fetcher.certificate(message.SigningCertURL)
    return certificate !== null && isSignedBy(message, certificate, clock.now())
  }

  async function confirm({ TopicArn, SubscribeURL }: SnsEnvelope & { SubscribeURL: string }): Promise<Received> {
    if (!isSnsAddress(SubscribeURL, TopicArn, snsEndpoint)) return 'forged'
    const confirmed = await fetcher.visit(SubscribeURL)
    if (confirmed) log.info({ topic: TopicArn }, 'a topic of receipts notifies this service from now on')
    else log.error({ topic: TopicArn }, 'a topic of receipts could not be subscribed to')
    return 'taken'
  }

  async function twilio(authToken: string, body: string, said: string): Promise<Received> {
    if (!isSignedByTwilio({ url: deps.twilioUrl, body, signature: said, authToken })) return 'forged'
    const receipt = twilioReceipt(body)
    if (receipt === undefined) return 'unreadable'
    if (receipt) await take(receipt)
    return 'taken'
  }

  const generic: ReceiptDesk['generic'] = async (body, headers) => {
    if (!signature?.fits(headers, body, clock.now())) return 'forged'
    const receipt = readGenericReceipt(body)
    if (!receipt) return 'unreadable'
    await take(receipt)
    return 'taken'
  }

  return {
    sns: snsTopics.length > 0 ? sns : null,
    twilio: twilioAuthToken === null ? null : (body, said) => twilio(twilioAuthToken, body, said),
    generic: signature && generic,
  }
}
