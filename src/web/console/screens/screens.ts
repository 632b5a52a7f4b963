import { createClientsScreens } from './clients.ts'
import type { ConsoleScreenDeps } from './deps.ts'

/** The pages of the console, and their forms. Which operation each is for: see routes. */
export function createConsoleScreens(deps: ConsoleScreenDeps) {
  return {
    clients: createClientsScreens(deps),
  }
}

export type ConsoleScreens = ReturnType<typeof createConsoleScreens>
