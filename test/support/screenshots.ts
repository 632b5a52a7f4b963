// Photographs the screens of a running service: a few for the README (`npm run screenshots`), or every one in both
// themes and three widths, to look at them (`npm run screenshots -- --all`, into `.screenshots`; or only the screens and
// tours that are named).
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import globalSetup from './global-setup.ts'
import globalTeardown from './global-teardown.ts'
import { screens, tourOf, tours, walkTo } from './screens.ts'
import { openTheatre, type Theatre } from './theatre.ts'

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, '.screenshots')
const PHONE = { width: 360, height: 740 }
const TABLET = { width: 768, height: 900 }
const DESK = { width: 1280, height: 800 }

/** The pictures of the README: file name, screen, size and theme, whose sign-in it is. */
const PICTURES = [
  ['sign-in-desk-light', 'identify', DESK, 'light', 'maria.garcia'],
  ['sign-in-phone-dark', 'identify', PHONE, 'dark', 'maria.garcia'],
  ['wait-phone-light', 'wait', PHONE, 'light', 'maria.garcia'],
  ['wait-desk-dark', 'wait', DESK, 'dark', 'omar.haddad'],
  ['link-other-phone-light', 'link-other', PHONE, 'light', 'maria.garcia'],
  ['link-other-phone-dark', 'link-other', PHONE, 'dark', 'omar.haddad'],
  ['consent-phone-dark', 'consent', PHONE, 'dark', 'maria.garcia'],
  ['consent-desk-light', 'consent', DESK, 'light', 'omar.haddad'],
] as const

async function forReadme(theatre: Theatre): Promise<void> {
  const folder = join(ROOT, 'docs/screenshots')
  await mkdir(folder, { recursive: true })
  for (const [name, screen, viewport, colorScheme, person] of PICTURES) {
    const page = await walkTo(theatre, screen, { viewport, colorScheme, address: `${person}@fabrikam.example` })
    await page.screenshot({ path: join(folder, `${name}.png`) })
    await page.context().close()
    console.log(`docs/screenshots/${name}.png`)
  }
}

async function all(theatre: Theatre, wanted: readonly string[]): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name)
  for (const name of Object.keys(screens).filter(isWanted)) {
    const page = await walkTo(theatre, name, { viewport: PHONE })
    await photograph(name, page)
    await page.context().close()
  }
  for (const tour of Object.keys(tours).filter(isWanted)) {
    for await (const { name, page } of tourOf(theatre, tour, { viewport: PHONE })) await photograph(name, page)
  }
}

async function photograph(name: string, page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const viewport of [PHONE, TABLET, DESK]) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(viewport)
      await page.screenshot({ path: join(FOLDER, `${name}-${viewport.width}-${colorScheme}.png`), fullPage: true })
    }
  }
  console.log(name)
}

await globalSetup()
try {
  const theatre = await openTheatre()
  const [first, ...names] = process.argv.slice(2)
  await (first === '--all' ? all(theatre, names) : forReadme(theatre)).finally(theatre.stop)
} finally {
  await globalTeardown()
}
