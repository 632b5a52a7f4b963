// Passkeys on any page that has them (WebAuthn, by @simplewebauthn/browser, which stands in front of this script).
// A form of theirs is hidden until the browser can do it:
//   form[data-passkey="use"|"make"][data-options=URL]   asks URL for what to ask for (JSON), and posts the field `response`
//   form[data-autofill]                                 offers passkeys in the page's own field as well
//   [data-fault="cancelled"|"known"|"failed"] in it     says what came of it
// Beside it: [data-unscripted] goes where there are passkeys, [data-second-choice] is no first choice any more, and the field
// `passkey` of another form says whether this very device could keep one.
const webAuthn = globalThis.SimpleWebAuthnBrowser
const forms = document.querySelectorAll('form[data-passkey]')
// What is asked for counts for five minutes.
const RENEW_MS = 4 * 60_000
let pressed = false

async function ask(form, useBrowserAutofill) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value })
  const answer = await fetch(form.dataset.options, { method: 'POST', body, redirect: 'error', cache: 'no-store' })
  if (!answer.ok) throw new Error(`no options: ${answer.status}`)
  const optionsJSON = await answer.json()
  if (useBrowserAutofill && pressed) throw new DOMException('the button was pressed meanwhile', 'AbortError')
  if (form.dataset.passkey === 'make') return webAuthn.startRegistration({ optionsJSON })
  return webAuthn.startAuthentication({ optionsJSON, useBrowserAutofill })
}

function send(form, response) {
  form.elements.response.value = JSON.stringify(response)
  form.submit()
}

function say(form, fault) {
  for (const words of form.querySelectorAll('[data-fault]')) words.hidden = words.dataset.fault !== fault
}

function faultOf({ name }) {
  if (name === 'NotAllowedError' || name === 'AbortError') return 'cancelled'
  return name === 'InvalidStateError' ? 'known' : 'failed'
}

async function press(form) {
  if (pressed) return
  pressed = true
  say(form, null)
  try {
    send(form, await ask(form, false))
  } catch (error) {
    say(form, faultOf(error))
    pressed = false
    if ('autofill' in form.dataset) offerInField(form)
  }
}

function whenSeen() {
  if (!document.hidden) return undefined
  return new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true })).then(whenSeen)
}

// Nothing is asked of the server where the browser cannot do it, or nobody looks.
async function offerInField(form) {
  if (!(await webAuthn.browserSupportsWebAuthnAutofill())) return
  for (let again = true; again; ) {
    await whenSeen()
    const timer = setTimeout(() => webAuthn.WebAuthnAbortService.cancelCeremony(), RENEW_MS)
    try {
      send(form, await ask(form, true))
      again = false
    } catch (error) {
      again = error.name === 'AbortError' && !pressed
    } finally {
      clearTimeout(timer)
    }
  }
}

async function tellWhetherPossible(field) {
  if (await webAuthn.platformAuthenticatorIsAvailable()) field.value = 'possible'
}

if (webAuthn?.browserSupportsWebAuthn()) {
  for (const form of forms) {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      press(form)
    })
    form.hidden = false
    if ('autofill' in form.dataset) offerInField(form)
  }
  for (const words of document.querySelectorAll('[data-unscripted]')) words.hidden = true
  for (const button of document.querySelectorAll('[data-second-choice]')) button.classList.add('quiet')
  const possible = document.querySelector('input[type=hidden][name=passkey]')
  if (possible) tellWhetherPossible(possible)
}

// From the cache of pages one can return to a form that was sent.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})
