import type { Requirements } from '../requirements.ts'

export const browser: Requirements = {
  'R-130': {
    says: 'Each sign-in makes a new session id, and the old one is dead.',
    code: ['src/web/own-client/session.ts'],
    byEngine: 'the engine gives the session a new id at each sign-in and deletes the old record',
  },
  'R-131': {
    says: 'Session ids are random and only those we made count.',
    code: ['src/web/own-client/session.ts'],
    byEngine: 'the engine makes them (256 bits) and adopts none that is not stored',
  },
  'R-132': {
    says: 'Cookies are `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax` and signed with keys that rotate.',
    code: ['src/web/cookies.ts', 'src/oidc/configuration.ts'],
  },
  'R-133': {
    says: 'Sessions end when idle and at an absolute age, by the server’s clock.',
    code: ['src/oidc/configuration.ts', 'src/web/own-client/session.ts'],
  },
  'R-134': {
    says: 'Sign-out ends the session on the server; the back button shows nothing.',
    code: ['src/oidc/pages.ts', 'src/web/own-client/sign-out.ts'],
  },
  'R-135': {
    says: 'People see and end their sessions; administrators end a person’s.',
    code: ['src/oidc/sessions.ts', 'src/selfservice/sessions.ts', 'src/store/account-sessions.ts'],
  },
  'R-136': {
    says: 'Every form carries a token of its own and comes from our own pages.',
    code: ['src/web/middleware/csrf.ts', 'src/web/own-client/visit.ts'],
  },
  'R-137': {
    says: 'Every page has a strict policy and safe headers, errors and the engine’s pages too.',
    code: ['src/web/middleware/security-headers.ts'],
  },
  'R-138': { says: 'What is shown of what was sent is shown as text.', code: ['src/text/templates.ts', 'src/text/clean.ts'] },
  'R-139': { says: 'A language is a name of the list, never a path or a property.', code: ['src/text/locale.ts'] },
  'R-140': { says: 'Fields are text; arrays and objects are refused.', code: ['src/web/request.ts'] },
  'R-141': { says: 'A path has one spelling; others reach nothing.', code: ['src/web/routes.ts'] },
}
