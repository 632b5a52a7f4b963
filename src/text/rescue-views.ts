import type { AppView, FormView, WayView } from './parts.ts'

/** A length of time in words: whole days where it is some of them, else hours. */
export interface SpanView {
  unit: 'days' | 'hours'
  count: number
}

/** Ways that a second proof can be given in after all, as on the page of the choice. */
export interface RescueWays {
  methods: WayView[]
  form: FormView
}

/**
 * Beneath the ways to give a second proof. `start`: the link of whoever has none of them; `stopped`: the same, and a rescue
 * was just stopped. `waiting`: a rescue of the account waits, until `at`; `stop` ends it. `ready`: its wait is over, and
 * another proof can be set up until `at`.
 */
export interface RescueLine {
  state: 'start' | 'stopped' | 'waiting' | 'ready'
  at: Date | null
  url: string
  stop: FormView | null
}

/** A rescue that waits, on every page of whoever is signed in. */
export interface RescueBanner {
  startedBy: 'person' | 'administrator'
  /** Where and when it was begun. */
  device: string
  startedAt: Date
  /** From then on another proof can be set up, until `lapsesAt`. */
  opensAt: Date
  lapsesAt: Date
  ready: boolean
  stop: FormView
  notMe: FormView
}

/** The pages of a rescue, which gives back an account whose second proof was lost. */
export interface RescueViews {
  /**
   * Before one begins: what will happen. `now`: it may, after `wait`. `prove`: another address comes first. `address`: what
   * was proven is too new in the account. `locked`: none may begin before `until`.
   */
  rescue: {
    app: AppView
    state: 'now' | 'prove' | 'address' | 'again' | 'locked'
    /** Of `now`. */
    wait: SpanView | null
    /** Of `now`: the shorter wait of a browser that need not be asked; null where this is one, or it makes no difference. */
    knownWait: SpanView | null
    /** How long another proof can be set up after the wait. */
    window: SpanView
    /** Of `prove`: how the other address is proven, and which it is, masked. */
    channel: 'email' | 'sms'
    masked: string
    until: Date | null
    /** Recovery codes that are left, and the form that asks for one: the quicker way. */
    codes: { left: number; form: FormView } | null
    /** Begins it, or has the other address proven. Null where neither can be. */
    form: FormView | null
    /** Stands in place of the way back, where this page is drawn in place of the choice. */
    ways: RescueWays | null
    backUrl: string
    helpUrl: string
  }
  /**
   * While one waits. `next`: `wait`, it goes on; `prove`, it is over, and another address must be proven in this sign-in;
   * `sign_in`, the same, in another one.
   */
  'rescue-started': {
    app: AppView
    startedBy: 'person' | 'administrator'
    startedAt: Date
    opensAt: Date
    lapsesAt: Date
    now: Date
    next: 'wait' | 'prove' | 'sign_in'
    prove: FormView | null
    stop: FormView
    backUrl: string
  }
  /** The wait is over: the first page after the proof of the address, in place of the choice. */
  'rescue-ready': { app: AppView; until: Date; now: Date; form: FormView; stop: FormView; ways: RescueWays | null }
  /** From a mail or a text about a rescue that waits, in any browser: what it is, and the two ways to stop it. */
  'account-notice-rescue': Omit<RescueBanner, 'stop' | 'notMe'> & {
    /** No other begins for so long, once somebody said that it was not them. */
    lock: SpanView
    stop: FormView
    notMe: FormView
  }
  /** It was stopped. `until`: somebody said that it was not them, and none begins before that. */
  'account-rescue-stopped': { notMe: boolean; until: Date | null; signInUrl: string }
}
