// Keeps the waiting page true while it is open: asks for the state, and shows the page anew when that has changed.
// What a person has begun to type is never lost, and nothing is posted.
const main = document.querySelector('main[data-state-url]')
const { stateUrl, selfUrl } = main.dataset
const field = document.getElementById('code')
const endsAtMs = performance.now() + 20 * 60_000
let delayMs = 2000
let timer
let leaving = false

async function refreshStatus(version) {
  const page = new DOMParser().parseFromString(await (await fetch(selfUrl)).text(), 'text/html')
  if (leaving) return
  const fresh = page.querySelector('[data-live]')
  if (!fresh) return location.replace(selfUrl) // it waits no more, so there is nothing left to type
  main.querySelector('[data-live]').replaceChildren(...fresh.childNodes)
  main.dataset.version = version
}

async function look() {
  if (leaving) return
  try {
    const answer = await fetch(stateUrl, { cache: 'no-store', redirect: 'error', headers: { accept: 'application/json' } })
    if (answer.ok) {
      const { version } = await answer.json()
      if (version !== main.dataset.version && !leaving) {
        if (!field?.value) return location.replace(selfUrl)
        await refreshStatus(version)
      }
    }
  } catch {
    // No answer: the next look may have one.
  }
  delayMs = Math.min(5000, delayMs + 250)
  plan()
}

function plan() {
  clearTimeout(timer)
  if (!document.hidden && performance.now() < endsAtMs) timer = setTimeout(look, delayMs)
}

document.addEventListener('visibilitychange', plan)

// A form that was sent leads on from here: nothing must call the window back. From the cache of pages one can return.
document.addEventListener('submit', () => {
  leaving = true
})
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})

// A code copied together with the words around it.
field?.addEventListener('paste', (event) => {
  const code = /(?<!\d)\d{3}[\s-]?\d{3}(?!\d)/.exec(event.clipboardData.getData('text'))
  if (!code || field.maxLength !== 12) return
  event.preventDefault()
  field.value = code[0]
})

plan()
