import type { Requirements } from '../requirements.ts'

export const promises: Requirements = {
  'S-1': { says: 'What was acknowledged is never lost or undone by a crash or a restart.' },
  'S-2': { says: 'Nothing that works once works twice, on any number of instances.' },
  'S-3': { says: 'The loss of one of three instances, or a database restart, is over within seconds.' },
  'S-4': { says: 'Issued tokens verify, and discovery answers, while the database is away.' },
  'S-5': { says: 'A mail outage makes nothing fail but the mail.' },
  'S-6': { says: 'Memory stays bounded under any flood, and answers stay quick.' },
  'S-7': { says: 'An upgrade and a roll-back cost no sign-in.', code: ['src/store/migrate.ts', 'src/store/schema-state.ts'] },
}
