import type { CDPSession, Page } from 'playwright-core'

/** What a made-up authenticator is like; by default the platform's own, which knows its person. */
export interface AuthenticatorOptions {
  /** `usb`: a security key that is plugged in. */
  transport?: 'internal' | 'usb'
  /** It can keep passkeys that are found without an account's name. */
  resident?: boolean
  /** It can tell its person from others; `verifies` false: and the person does not show themself. */
  verification?: boolean
  verifies?: boolean
}

/** A passkey as the authenticator holds it. */
export interface HeldPasskey {
  credentialId: string
  isResidentCredential: boolean
  rpId?: string
  privateKey: string
  userHandle?: string
  signCount: number
}

/** An authenticator of Chromium's own, which answers by itself (WebAuthn §11). It lives as long as its page. */
export interface VirtualAuthenticator {
  passkeys(): Promise<HeldPasskey[]>
  add(passkey: HeldPasskey): Promise<void>
  forget(credentialId: string): Promise<void>
  /** From now on its person shows themself, or does not. */
  verifies(does: boolean): Promise<void>
  /** From now on it answers by itself, or waits. */
  answers(does: boolean): Promise<void>
}

/** Puts an authenticator into this page's browser tab. */
export async function addAuthenticator(page: Page, options: AuthenticatorOptions = {}): Promise<VirtualAuthenticator> {
  const { transport = 'internal', resident = true, verification = true, verifies = true } = options
  const cdp: CDPSession = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport,
      hasResidentKey: resident,
      hasUserVerification: verification,
      isUserVerified: verifies,
      automaticPresenceSimulation: true,
    },
  })
  return {
    passkeys: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    add: async (credential) => void (await cdp.send('WebAuthn.addCredential', { authenticatorId, credential })),
    forget: async (credentialId) => void (await cdp.send('WebAuthn.removeCredential', { authenticatorId, credentialId })),
    verifies: async (isUserVerified) => void (await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })),
    answers: async (enabled) => void (await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })),
  }
}
