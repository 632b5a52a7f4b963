import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { z } from 'zod'

/** What an authenticator signed, read and not yet judged. */
export interface Assertion {
  /** Id of the passkey, base64url. */
  credentialId: string
  /** The challenge that it says it answers, base64url. */
  challenge: string
  /** Whose passkey the authenticator says it is; null where it says nothing. */
  userHandle: string | null
  json: AuthenticationResponseJSON
}

/** A new passkey as the browser gave it, read and not yet judged. */
export interface Registration {
  challenge: string
  json: RegistrationResponseJSON
}

const RESPONSE_MAX = 32_000
const base64url = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[\w-]+$/)

// WebAuthn L3 §5.8.1. What was made inside somebody else's page is none of ours: neither member may say so.
const clientData = z.object({
  type: z.string(),
  challenge: base64url(400),
  origin: z.string(),
  crossOrigin: z.literal(false).optional(),
  topOrigin: z.undefined().optional(),
})

const credential = {
  id: base64url(1400), // 1023 bytes at most: WebAuthn L3 §7.1
  rawId: base64url(1400),
  type: z.literal('public-key'),
}

const assertion = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(8000),
    authenticatorData: base64url(8000),
    signature: base64url(4000),
    userHandle: base64url(100).nullish(),
  }),
})

const registration = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(8000),
    attestationObject: base64url(24_000),
    transports: z
      .array(z.string().regex(/^[a-z-]{1,20}$/))
      .max(10)
      .catch([])
      .optional(),
  }),
  clientExtensionResults: z.object({ credProps: z.object({ rk: z.boolean().optional() }).optional() }).catch({}),
})

/** Reads `AuthenticationResponseJSON` (WebAuthn L3 §5.1); null for what is none, or was made inside another site's page. */
export function readAssertion(typed: string): Assertion | null {
  const read = assertion.safeParse(jsonOf(typed))
  const client = read.success ? clientOf(read.data.response.clientDataJSON) : null
  if (!read.success || !client) return null
  const { id, rawId, type, response } = read.data
  const { userHandle, ...rest } = response
  const json: AuthenticationResponseJSON = { id, rawId, type, response: rest, clientExtensionResults: {} }
  return { credentialId: id, challenge: client.challenge, userHandle: userHandle ?? null, json }
}

/** Reads `RegistrationResponseJSON` (WebAuthn L3 §5.1), likewise. */
export function readRegistration(typed: string): Registration | null {
  const read = registration.safeParse(jsonOf(typed))
  const client = read.success ? clientOf(read.data.response.clientDataJSON) : null
  return read.success && client ? { challenge: client.challenge, json: read.data as RegistrationResponseJSON } : null
}

function clientOf(clientDataJson: string): z.infer<typeof clientData> | null {
  return clientData.safeParse(jsonOf(Buffer.from(clientDataJson, 'base64url').toString('utf8'))).data ?? null
}

function jsonOf(text: string): unknown {
  if (text.length > RESPONSE_MAX) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
