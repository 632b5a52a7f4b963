import type { Admin } from '../../../admin/index.ts'
import type { Clock, Log, Secrets } from '../../../base/index.ts'
import type { AcrNames } from '../../../oidc/index.ts'
import type { Text } from '../../../text/index.ts'
import type { Cookies } from '../../cookies.ts'
import type { Listener } from '../../own-client/self-fetch.ts'
import type { Shell } from '../shell.ts'
import type { ConsoleVisits } from '../visit.ts'

/** What the pages of the console have at hand. Handlers stand behind its guards only (see routes). */
export interface ConsoleScreenDeps {
  visits: Pick<ConsoleVisits, 'load' | 'still' | 'form' | 'show' | 'seeOther'>
  shell: Shell
  /** All data, and all that is done, comes and goes by it. */
  admin: Admin
  issuer: string
  listener: Listener
  acrNames: AcrNames
  text: Text
  cookies: Cookies
  secrets: Secrets
  clock: Clock
  log: Log
}
