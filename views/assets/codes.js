// Copies, prints and saves the recovery codes: what needs script shows only with it.
const list = document.querySelector('.codes')
const codes = Array.from(list.children, (item) => item.textContent).join('\n')
const file = document.querySelector('[data-file]')
const copy = document.querySelector('[data-copy]')

copy.addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(codes)
    copy.firstElementChild.textContent = copy.dataset.copied
  } catch {
    getSelection().selectAllChildren(list) // one key is left to press
  }
})
document.querySelector('[data-print]').addEventListener('click', () => print())
document.querySelector('[data-scripted]').hidden = false

if (!file.href) {
  file.href = URL.createObjectURL(new Blob([`${location.host}\n\n${codes}\n`], { type: 'text/plain' }))
  file.hidden = false
}
