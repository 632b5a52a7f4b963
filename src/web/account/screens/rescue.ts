import { ACCOUNT_PLACE } from '../../own-client/place.ts'
import { createOwnRescue } from '../../own-client/rescue.ts'
import { createStoppedPage } from '../../rescue-stopped.ts'
import { PATHS, type ScreenDeps } from './deps.ts'
import type { Shell } from './shell.ts'

/** The two buttons of the banner while a rescue of the account waits, and the page that says what they did. */
export function createRescueForms(deps: ScreenDeps & { shell: Shell }) {
  const { shell } = deps
  const buttons = createOwnRescue({ ...deps, place: ACCOUNT_PLACE }, (ctx, was) =>
    shell.done(ctx, PATHS.overview, was ? 'rescue_stopped' : null),
  )
  return { ...buttons, stopped: createStoppedPage(deps) }
}
