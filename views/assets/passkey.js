// Passkeys on any page that has them. Its script tag names what is fetched where it is needed, so that pages stay light:
// [data-library] (@simplewebauthn/browser) when a button is pressed, [data-field] where passkeys are offered in a field.
// A form of theirs is hidden until the browser can do it:
//   form[data-passkey="use"|"make"][data-options=URL]   asks URL for what to ask for (JSON), and posts the field `response`
//   form[data-autofill]                                 offers passkeys in the page's own field as well
//   [data-fault="cancelled"|"known"|"failed"] in it     says what came of it
// Beside it: [data-unscripted] goes where there are passkeys, [data-second-choice] is no first choice any more, and the field
// `passkey` of another form says whether this very device could keep one.
const Passkeys = globalThis.PublicKeyCredential
const forms = document.querySelectorAll('form[data-passkey]')
const script = document.querySelector('script[data-library]')
let pressed = false
let field = null

async function library() {
  await import(script.dataset.library)
  return globalThis.SimpleWebAuthnBrowser
}

async function optionsOf(form) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value })
  const answer = await fetch(form.dataset.options, { method: 'POST', body, redirect: 'error', cache: 'no-store' })
  if (!answer.ok) throw new Error(`no options: ${answer.status}`)
  return answer.json()
}

async function ask(form) {
  const [{ startRegistration, startAuthentication }, optionsJSON] = await Promise.all([library(), optionsOf(form)])
  return form.dataset.passkey === 'make' ? startRegistration({ optionsJSON }) : startAuthentication({ optionsJSON })
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
  field?.stop()
  say(form, null)
  try {
    send(form, await ask(form))
  } catch (error) {
    say(form, faultOf(error))
    pressed = false
    if ('autofill' in form.dataset) offerInField(form)
  }
}

// A part of its own, for the page whose field it is.
async function offerInField(form) {
  field = await import(script.dataset.field)
  const response = await field.offered(
    () => optionsOf(form),
    () => pressed,
  )
  if (response) send(form, response)
}

async function tellWhetherPossible(field) {
  if (await Passkeys.isUserVerifyingPlatformAuthenticatorAvailable()) field.value = 'possible'
}

if (Passkeys) {
  for (const form of forms) {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      press(form)
    })
    form.hidden = false
    // Nothing that is hidden takes the focus by itself.
    form.querySelector('[autofocus]')?.focus()
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
