// Passkeys offered in the page's own field, beside what the browser fills in anyway (WebAuthn L3 §5.1.4, conditional mediation).
// What is asked for counts for five minutes.
const RENEW_MS = 4 * 60_000
let asking = new AbortController()

export const stop = () => asking.abort()

// Answers what was signed; null when there is nothing more to wait for. Nothing is asked of the server (`options`) where the
// browser cannot do it, or nobody looks.
export async function offered(options, isPressed) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return null
  for (;;) {
    await whenSeen()
    asking = new AbortController()
    const timer = setTimeout(stop, RENEW_MS)
    try {
      const asked = await options()
      if (isPressed()) return null
      return await ask(asked, asking.signal)
    } catch (error) {
      if (error.name !== 'AbortError' || isPressed()) return null
    } finally {
      clearTimeout(timer)
    }
  }
}

function whenSeen() {
  if (!document.hidden) return undefined
  return new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true })).then(whenSeen)
}

// By hand: the library is heavier than the page, and what some password managers answer has no toJSON().
async function ask(options, signal) {
  const publicKey = { ...options, challenge: bytesOf(options.challenge) }
  const found = await navigator.credentials.get({ publicKey, mediation: 'conditional', signal })
  const response = {}
  for (const name of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle']) {
    if (found.response[name]) response[name] = textOf(found.response[name])
  }
  const { id, rawId, type } = found
  return { id, rawId: textOf(rawId), type, response, clientExtensionResults: found.getClientExtensionResults() }
}

function bytesOf(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
}

function textOf(bytes) {
  const base64 = btoa(String.fromCharCode(...new Uint8Array(bytes)))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
