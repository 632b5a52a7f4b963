import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import type { MailBehaviour } from './mailbox.ts'
import { GENEROUS_LIMITS, type Service, startService } from './service.ts'
import { type Stage, startStage } from './stage.ts'
import type { SentText, TextBehaviour } from './text-server.ts'

/** A service with everything that is needed to walk to each of its screens, and a browser to walk with. */
export interface Theatre {
  stage: Stage
  /** A second service, as a newcomer has it: with the demo application and the inbox. */
  trial: Service
  browser: Browser
  stop(): Promise<void>
}

/** One walk to one screen. */
export interface Walk extends Theatre {
  page: Page
  /** An address that no other walk uses. */
  address: string
  /** A number that no other walk uses, for which the providers do this; always the same within a walk. */
  number(what?: keyof typeof ENDINGS): string
  /** A new browser of another person or device. */
  elsewhere(options?: BrowserContextOptions): Promise<Page>
}

/** A screen that a tour stands before. */
export interface Stop {
  name: string
  page: Page
}

export const OUTSIDE_APP = {
  client_id: 'outside-app',
  client_name: 'Northwind Reports',
  client_uri: 'https://northwind.example',
  redirect_uris: ['https://northwind.example/callback'],
  token_endpoint_auth_method: 'none',
  made_by: 'Northwind Ltd.',
}

/** An application that waits a month with whoever got back in by a rescue. */
export const WAITING_APP = {
  ...{ client_id: 'waiting-app', client_name: 'Fabrikam Bank', first_party: true },
  ...{ redirect_uris: ['https://bank.fabrikam.example/callback'], token_endpoint_auth_method: 'none', rescue_delay: '30d' },
}

/** What the providers of texts do is told by the last two digits of a number. */
const ENDINGS = { taken: '47', slow: '10', late: '11', optedOut: '12', unreachable: '13', delivered: '14' } as const

/** The nth number of those with which the providers do `what`. */
export function numberFor(what: keyof typeof ENDINGS, nth: number): string {
  return `+4915112${String(nth).padStart(4, '0')}${ENDINGS[what]}`
}

/** A text costs 0.11 in Germany, so two go to a number a day; 0.015 in the United States; in Serbia more than the cap. */
const TEXT_SETTINGS = {
  SMS_COUNTRIES: 'DE,US,RS',
  SMS_BUDGET: 'all:1000 country:1000 prefix:1000 client:1000 number:0.25',
}

/**
 * Starts the theatre. Mails to `late…` are put off, to `back…` refused, and to `slow…` never answered; texts by their
 * numbers' endings. Texts of the trial ask for a proof of work.
 */
export async function openTheatre(): Promise<Theatre> {
  const [stage, trial, browser] = await Promise.all([
    startStage({
      client: { client_name: 'Fabrikam', client_uri: 'https://fabrikam.example' },
      clients: [OUTSIDE_APP, WAITING_APP],
      env: { ...TEXT_SETTINGS, LIMITS: `${GENEROUS_LIMITS.replace(/email:\d+/, 'email:3')}`, CODE_FAILURES_MAX: '5' },
      texts: true,
    }),
    startService({ env: { PROOF_OF_WORK: 'texts' } }),
    launchBrowser(),
  ])
  stage.mailbox.setBehaviour(({ to }): MailBehaviour => {
    if (to.startsWith('late')) return { code: 421 }
    if (to.startsWith('back')) return { code: 550 }
    return to.startsWith('slow') ? 'hang-after-data' : 'accept'
  })
  stage.texts.sns.setBehaviour(bySns)
  stage.texts.twilio.setBehaviour(byTwilio)
  const stop = async () => {
    await browser.close()
    await Promise.all([stage.stop(), trial.stop()])
  }
  return { stage, trial, browser, stop }
}

// A provider that does not take this one text is not passed over for the others.
const NOT_THIS_ONE = { status: 400, code: 'InvalidParameterValue', message: 'Invalid parameter: Message' }

function bySns({ to }: SentText): TextBehaviour {
  if (to.endsWith(ENDINGS.slow)) return 'hang'
  if (to.endsWith(ENDINGS.optedOut)) return { status: 400, code: 'OptedOut' }
  if (to.endsWith(ENDINGS.unreachable))
    return { status: 400, code: 'InvalidParameter', message: 'Invalid parameter: PhoneNumber' }
  return to.endsWith(ENDINGS.late) || to.endsWith(ENDINGS.delivered) ? NOT_THIS_ONE : 'accept'
}

// The only provider here that reports what became of a text.
function byTwilio({ to }: SentText): TextBehaviour {
  return to.endsWith(ENDINGS.late) ? { status: 400, code: 20001 } : 'accept'
}
