import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { enterConsole } from '../protocol/console-walk.ts'
import type { Stage } from './stage.ts'

export interface ConsoleWindowOptions extends BrowserContextOptions {
  role?: Parameters<typeof enterConsole>[2]
}

/** A window of somebody with this role (of an administrator otherwise) who has signed in to the console, before its first page. */
export async function windowAtConsole(
  stage: Stage,
  browser: Browser,
  address: string,
  { role = 'admin', ...options }: ConsoleWindowOptions = {},
): Promise<Page> {
  const { visitor } = await enterConsole(stage, address, role)
  const { issuer } = stage.service
  const context = await browser.newContext(options)
  const pairs = (visitor.jar.header(`${issuer}/admin`) ?? '').split('; ').map((pair) => pair.split('='))
  await context.addCookies(pairs.map(([name = '', ...value]) => ({ name, value: value.join('='), url: issuer })))
  return context.newPage()
}
