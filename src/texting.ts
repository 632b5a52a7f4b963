import { readFileSync } from 'node:fs'
import type { Clock, Log, Metrics, Secrets } from './base/index.ts'
import type { Config } from './config/index.ts'
import { createSnsRoute, createTwilioRoute, createWebhookRoute, type Inbox } from './delivery/channels/index.ts'
import type { TextRoute } from './delivery/index.ts'
import { createBudget, type PriceTable, readPrices, shippedPrices, type TextBudget } from './limits/index.ts'
import { createBudgetStore, type Database } from './store/index.ts'

/** The routes that `SMS_ROUTES` names, in its order; the inbox where a trial names none. */
export function textRoutes(config: Config, deps: { inbox: Inbox | null; log: Log }): TextRoute[] {
  const { log } = deps
  const made = {
    sns: () => createSnsRoute({ region: config.snsRegion, senderId: config.snsSenderId, log }),
    twilio: () =>
      createTwilioRoute({
        url: config.twilioUrl,
        accountSid: config.twilioAccountSid ?? '',
        authToken: config.twilioAuthToken ?? '',
        from: config.twilioFrom ?? '',
        // Twilio refuses an address that it cannot reach.
        receiptsUrl: config.trial ? null : receiptsUrl(config),
        log,
      }),
    webhook: () => createWebhookRoute({ url: config.smsWebhookUrl ?? '', secret: config.smsWebhookSecret ?? '', log }),
  }
  const routes = config.smsRoutes.map((name) => made[name]())
  return routes.length === 0 && config.texts && deps.inbox ? [deps.inbox.routes.sms] : routes
}

/** Where Twilio reports what became of a text (see web/routes.ts), as others reach it. Its signature covers this. */
export function receiptsUrl(config: Config): string {
  return `${config.issuer}/receipts/twilio`
}

/** What texts may cost; see docs/settings.md. */
export function textBudget(
  config: Config,
  deps: { db: Database; secrets: Secrets; prices: PriceTable; clock: Clock; log: Log; metrics: Metrics },
): TextBudget {
  return createBudget({
    ...deps,
    store: createBudgetStore(deps.db),
    countries: config.smsCountries,
    budget: config.smsBudget,
    ratio: {
      textsMin: config.smsRatioTexts,
      proofBelowPercent: config.smsProofBelow,
      closeBelowPercent: config.smsCloseBelow,
    },
    proofOfWork: config.proofOfWork,
  })
}

/** What texts cost, by `SMS_PRICES_FILE` or by the table that comes along. Throws with every fault of the file. */
export function pricesFrom(config: Config): PriceTable {
  if (!config.smsPricesFile) return shippedPrices()
  let text: string
  try {
    text = readFileSync(config.smsPricesFile, 'utf8')
  } catch (cause) {
    throw new Error(`SMS_PRICES_FILE cannot be read: ${config.smsPricesFile}`, { cause })
  }
  const read = readPrices(text)
  if (!read.ok) throw new Error(read.faults.map((fault) => `${config.smsPricesFile}: ${fault}`).join('\n'))
  return read.prices
}
