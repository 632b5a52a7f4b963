import { duration, path } from './kinds.ts'
import type { Setting, SettingsTable } from './setting.ts'

/** The keys that sign tokens. */
export const keysSettings = {
  signingKeysFile: path({
    name: 'SIGNING_KEYS_FILE',
    group: 'Secrets',
    help: 'File with the private keys that sign tokens, as a JWK Set (RFC 7517): the first of each of ES256 and RS256 signs, the others are published. Read at start and whenever it changes; then keys are exchanged by changing it.',
    default: null,
    defaultWords: 'none: the service makes its keys and keeps them sealed in the database',
    example: '/run/secrets/signing-keys.json',
  }),
  keyRotationSeconds: orOff(
    duration({
      name: 'KEY_ROTATION',
      group: 'Secrets',
      help: 'How long a key signs before another takes its place. `off`: until an administrator rotates it.',
      default: '90d',
      min: '1h',
      max: '730d',
      applies: 'the keys in use',
    }),
  ),
  keyRotationWaitSeconds: duration({
    name: 'KEY_ROTATION_WAIT',
    group: 'Secrets',
    help: 'How long a new key waits, published, for the active applications to fetch it; then it signs all the same.',
    default: '1d',
    min: '10m',
    max: '30d',
    applies: 'keys published from now on',
  }),
} satisfies SettingsTable

/** A duration that may be `off`, which is 0. */
function orOff<D extends string | null>(setting: Setting<number, D>): Setting<number, D> {
  return {
    ...setting,
    unit: `${setting.unit}, or \`off\``,
    parse: (text) => (text === 'off' ? { value: 0 } : setting.parse(text)),
  }
}
