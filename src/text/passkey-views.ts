import type { AppView, Channel, FormView, PasskeyFormView } from './parts.ts'
import type { RescueLine } from './rescue-views.ts'

/** The pages of a passkey in a sign-in. Each works by script alone, and says so without. */
export interface PasskeyViews {
  /** The second proof by a passkey. Posts `response`, and `remember` = `yes` where that was ticked. */
  passkey: {
    app: AppView
    form: PasskeyFormView
    /** Its name; null when there are several. */
    label: string | null
    /** What was answered did not prove anything. */
    refused: boolean
    /** Chooses another method. */
    other: FormView | null
    /** This browser may be kept from asking for so long. */
    remember: { days: number } | null
    restart: FormView
    /** Goes on without it: the application merely wishes for it. */
    without: FormView | null
    cancel: FormView | null
    rescue: RescueLine | null
  }
  /**
   * After a sign-in by a message, before the application: a passkey would spare it the next time. `form` posts
   * `response`; `answer` posts `way` = `later` or `never`.
   */
  'passkey-offer': {
    app: AppView
    form: PasskeyFormView
    answer: FormView
    /** What the person signed in by, and would not need. */
    after: Channel
    refused: boolean
  }
}
