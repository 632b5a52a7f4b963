// config: the one typed table of settings, read from the environment into a frozen `Config`, every fault told at
// once; prints the manual. It owns names, defaults, bounds and what is unsafe in production. It reads no
// environment by itself and decides nothing while the service runs. No tables, no routes.
export type { Budget, CapName } from './budget.ts'
export { duration, LOOPBACK_HOSTS, type Mailbox, seconds, secretUrl } from './kinds.ts'
export { envExample, settingsManual } from './manual.ts'
export { DEFAULT_LIMITS, type Limit, type LimitName, type Signup } from './policies.ts'
export { type Config, readConfig, readStorageConfig } from './read-config.ts'
export type { Fault, Setting, SettingsTable, Values } from './setting.ts'
export { settings } from './settings.ts'
export type { TextRouteName } from './text-settings.ts'
