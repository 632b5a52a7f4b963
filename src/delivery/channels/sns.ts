import type { PublishCommandInput } from '@aws-sdk/client-sns'
import type { Log } from '../../base/index.ts'
import { isLoopback } from '../index.ts'
import type { OutgoingText, TextRoute } from '../route.ts'
import { snsVerdict } from './sns-result.ts'
import { told } from './text-verdict.ts'

const NAME = 'sns'
const TIMES = { connectionSeconds: 5, textSeconds: 15 }

export interface SnsDeps {
  /** Null: what the AWS SDK finds by itself, as it does for credentials and for `AWS_ENDPOINT_URL_SNS`. */
  region: string | null
  /** Shown in place of a number where the country allows it. */
  senderId: string | null
  log: Log
  times?: typeof TIMES
}

/** A route over Amazon SNS. The SDK tries once: back-off and failover are not its own (F-33). */
export function createSnsRoute(deps: SnsDeps): TextRoute {
  const times = deps.times ?? TIMES
  const textMs = times.textSeconds * 1000
  const options = {
    ...(deps.region !== null && { region: deps.region }),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: times.connectionSeconds * 1000,
      requestTimeout: textMs,
      throwOnRequestTimeout: true,
      // A kept connection that the server had closed would leave it open whether the text was taken.
      httpAgent: { keepAlive: false },
      httpsAgent: { keepAlive: false },
    },
  }
  // 27 MB and a tenth of a second that only those pay who send by it.
  const loading = import('@aws-sdk/client-sns').then((sdk) => ({ client: new sdk.SNSClient(options), ...sdk }))

  async function send(text: OutgoingText) {
    const { client, PublishCommand } = await loading
    const command = new PublishCommand(order(text))
    let begun = false
    // What the connection said, before the SDK puts it into words of its own.
    let broken: unknown
    // The last step before the request leaves: credentials and endpoint were found, the request is signed.
    command.middlewareStack.add(
      (next) => async (args) => {
        refusePlainText(args.request)
        begun = true
        return next(args).catch((error) => {
          broken = error
          throw error
        })
      },
      { step: 'deserialize', priority: 'low', name: 'begun' },
    )
    try {
      // Finding credentials may hang as well, so that the request's own time-out is not enough.
      const { MessageId } = await client.send(command, { abortSignal: AbortSignal.timeout(textMs) })
      return { kind: 'accepted' as const, ...(MessageId && { receiptId: MessageId }) }
    } catch (error) {
      return told(deps.log, NAME, text, snsVerdict(broken ?? error, begun))
    }
  }

  function order(text: OutgoingText): PublishCommandInput {
    const named = (value: string) => ({ DataType: 'String', StringValue: value })
    return {
      PhoneNumber: text.to,
      Message: text.text,
      MessageAttributes: {
        'AWS.SNS.SMS.SMSType': named('Transactional'),
        ...(deps.senderId !== null && { 'AWS.SNS.SMS.SenderID': named(deps.senderId) }),
      },
    }
  }

  return { name: NAME, deadlineSeconds: times.textSeconds + 1, send, close: async () => (await loading).client.destroy() }
}

// `AWS_ENDPOINT_URL_SNS` is read by the SDK, which would take any http:// address.
function refusePlainText(request: unknown): void {
  const { protocol, hostname } = request as { protocol: string; hostname: string }
  if (protocol !== 'https:' && !isLoopback(hostname)) throw new Error('plain text leads to this machine only')
}
