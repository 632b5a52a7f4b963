// Solves the challenge of the page's form (ALTCHA, PBKDF2) and sends it. Each step is computed by the browser beside the
// page, which stays responsive. Where that cannot be done, the page stays as it is without a script.
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16))
const hexOf = (bits) => Array.from(new Uint8Array(bits), (byte) => byte.toString(16).padStart(2, '0')).join('')

export async function solve(challenge) {
  const { nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters
  const password = new Uint8Array([...bytesOf(nonce), 0, 0, 0, 0])
  const count = new DataView(password.buffer, password.length - 4)
  const pbkdf2 = { name: 'PBKDF2', hash: 'SHA-256', salt: bytesOf(salt), iterations: cost }

  async function step(counter) {
    count.setUint32(0, counter)
    const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits'])
    return hexOf(await crypto.subtle.deriveBits(pbkdf2, key, keyLength * 8))
  }

  for (let counter = 0; ; counter++) {
    const derivedKey = await step(counter)
    if (derivedKey.startsWith(keyPrefix)) return { counter, derivedKey }
  }
}

async function work(form) {
  form.dataset.working = ''
  try {
    const challenge = JSON.parse(form.dataset.challenge)
    form.elements.solution.value = btoa(JSON.stringify({ challenge, solution: await solve(challenge) }))
    form.requestSubmit()
  } catch {
    delete form.dataset.working
  }
}

const form = globalThis.document?.querySelector('form[data-work]')
if (form) work(form)
