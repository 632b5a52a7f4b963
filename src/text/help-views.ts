import type { AppView, Channel, FormView } from './parts.ts'
import type { SpanView } from './rescue-views.ts'

/** Where the people who run the service can be written to: an email address, or a page on the web. */
export type ContactView = { kind: 'mail'; address: string } | { kind: 'page'; url: string; host: string }

/** Pages for whoever cannot get in. */
export interface HelpViews {
  /**
   * What is possible for whoever cannot get in, as this service is set up. The same for everybody, so that it says nothing
   * about an account. `wait`: how long a rescue takes; null where there is none.
   */
  help: {
    app: AppView
    passkeys: boolean
    texts: boolean
    wait: SpanView | null
    contact: ContactView | null
    backUrl: string
  }
  /**
   * The address was proven, messages came back from it some time ago, and its account has no other proof that could be asked
   * for.
   */
  'second-none': {
    app: AppView
    channel: Channel
    masked: string
    restart: FormView
    cancel: FormView
    helpUrl: string
  }
}
