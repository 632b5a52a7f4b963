import type { AddressView, Profiles } from '../../../accounts/index.ts'
import type { Trail } from '../../../audit/index.ts'
import type { AddressKind, Clock, Secrets } from '../../../base/index.ts'
import type { Clients } from '../../../clients/index.ts'
import type { Delivery } from '../../../delivery/index.ts'
import type { KeptFactors } from '../../../factors/index.ts'
import type { Rescues } from '../../../rescue/index.ts'
import type { Selfservice } from '../../../selfservice/index.ts'
import type { AddressProof, Flow, RememberedDevice } from '../../../signin/index.ts'
import type { Text } from '../../../text/index.ts'
import type { Cookies } from '../../cookies.ts'
import type { AccountVisits } from '../visit.ts'

export interface ScreenDeps {
  /** Handlers stand behind its guards only (see routes). */
  visits: Pick<
    AccountVisits,
    'load' | 'form' | 'show' | 'seeOther' | 'localeOf' | 'strengthen' | 'codesToKeep' | 'keepCodes' | 'forgetCodes'
  >
  selfservice: Selfservice
  rescues: Pick<Rescues, 'cancel' | 'notMe' | 'spans'>
  addressProof: AddressProof
  flow: Pick<Flow, 'readIdentifier'>
  delivery: Pick<Delivery, 'newestState'>
  kept: Pick<KeptFactors, 'ofAccount' | 'shown' | 'authenticatorsMax'>
  profiles: Pick<Profiles, 'fieldsOf'>
  remembered: { ofAccount(accountId: string, now: Date): Promise<RememberedDevice[]> }
  trail: Pick<Trail, 'activityOf'>
  clients: Pick<Clients, 'find' | 'resourceServer'>
  text: Text
  cookies: Cookies
  secrets: Secrets
  clock: Clock
  triesMax: number
  /** Whether text messages can be sent. */
  texts: boolean
  /** Whether passkeys can be made. */
  passkeysOn: boolean
  phoneCountry: string | null
  smsCountries: readonly string[] | null
  /** Who authenticator codes are for, as an app shows it. */
  issuerHost: string
  holdSeconds: number
  graceSeconds: number
}

/** Where the screens lead to. */
export const PATHS = {
  overview: '/account',
  methods: '/account/methods',
  prove: '/account/addresses/prove',
  newAuthenticator: '/account/authenticators/new',
  newPasskey: '/account/passkeys/new',
  passkeyOptions: '/account/passkeys/options',
  always: '/account/passkeys/always',
  noLonger: '/account/passkeys/always/end',
  codes: '/account/codes',
  newCodes: '/account/codes/new',
  devices: '/account/devices',
  endOthers: '/account/devices/end-others',
  apps: '/account/apps',
  activity: '/account/activity',
  profile: '/account/profile',
  data: '/account/data',
  download: '/account/data/download',
  close: '/account/close',
  signedOut: '/account/signed-out',
} as const

/** The page of one address. */
export function addressPath({ ref }: Pick<AddressView, 'ref'>, what: 'change' | 'primary' | 'remove' | 'keep'): string {
  return `/account/addresses/${ref}/${what}`
}

export function newAddressPath(kind: AddressKind): string {
  return `/account/addresses/new?kind=${kind}`
}

export function authenticatorPath(id: string): string {
  return `/account/authenticators/${encodeURIComponent(id)}`
}

export function passkeyPath(id: string): string {
  return `/account/passkeys/${encodeURIComponent(id)}`
}

/** Days as a page speaks of them; 0 is less than one. */
export function daysOf(seconds: number): number {
  return Math.round(seconds / 86_400)
}
