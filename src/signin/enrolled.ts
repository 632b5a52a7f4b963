/** A factor that was just set up, and the recovery codes that came with it, sealed; null where none were made. */
export interface Enrolled {
  kind: 'totp' | 'passkey'
  credentialId: string
  label: string
  sealed: string | null
  /** It made the person's passkeys asked for always, which they were not. */
  demands?: boolean
  /** By a rescue, whose own notice tells of it: objecting to it would leave less than there was. */
  rescued: boolean
}
