import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import type { MailBehaviour } from './mailbox.ts'
import { GENEROUS_LIMITS, type Service, startService } from './service.ts'
import { type Stage, startStage } from './stage.ts'

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
  /** A new browser of another person or device. */
  elsewhere(): Promise<Page>
}

export const OUTSIDE_APP = {
  client_id: 'outside-app',
  client_name: 'Northwind Reports',
  client_uri: 'https://northwind.example',
  redirect_uris: ['https://northwind.example/callback'],
  token_endpoint_auth_method: 'none',
  made_by: 'Northwind Ltd.',
}

/** Starts the theatre. Mails to `late…` are put off, to `back…` refused, and to `slow…` never answered. */
export async function openTheatre(): Promise<Theatre> {
  const [stage, trial, browser] = await Promise.all([
    startStage({
      client: { client_name: 'Fabrikam', client_uri: 'https://fabrikam.example' },
      clients: [OUTSIDE_APP],
      env: { LIMITS: `${GENEROUS_LIMITS.replace(/email:\d+/, 'email:3')}`, CODE_FAILURES_MAX: '5' },
    }),
    startService(),
    launchBrowser(),
  ])
  stage.mailbox.setBehaviour(({ to }): MailBehaviour => {
    if (to.startsWith('late')) return { code: 421 }
    if (to.startsWith('back')) return { code: 550 }
    return to.startsWith('slow') ? 'hang-after-data' : 'accept'
  })
  const stop = async () => {
    await browser.close()
    await Promise.all([stage.stop(), trial.stop()])
  }
  return { stage, trial, browser, stop }
}
