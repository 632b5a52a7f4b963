import { createAddressScreens } from './addresses.ts'
import { createAppScreens } from './apps.ts'
import { createAuthenticatorScreens } from './authenticators.ts'
import { createCodeScreens } from './codes.ts'
import { createDataScreens } from './data.ts'
import type { ScreenDeps } from './deps.ts'
import { createDeviceScreens } from './devices.ts'
import { createNewAddressScreens } from './new-address.ts'
import { createOverviewScreens } from './overview.ts'
import { createPasskeyScreens } from './passkeys.ts'
import { createProfileScreens } from './profile.ts'
import { createRescueForms } from './rescue.ts'
import { createShell } from './shell.ts'

/** The pages of one's own account, and their forms. Which of them wants a session, and which a fresh proof: see routes. */
export function createAccountScreens(given: ScreenDeps) {
  const deps = { ...given, shell: createShell(given) }
  return {
    ...createOverviewScreens(deps),
    addresses: createAddressScreens(deps),
    newAddress: createNewAddressScreens(deps),
    authenticators: createAuthenticatorScreens(deps),
    passkeys: createPasskeyScreens(deps),
    codes: createCodeScreens(deps),
    devices: createDeviceScreens(deps),
    apps: createAppScreens(deps),
    profile: createProfileScreens(deps),
    data: createDataScreens(deps),
    rescue: createRescueForms(deps),
  }
}

export type AccountScreens = ReturnType<typeof createAccountScreens>
