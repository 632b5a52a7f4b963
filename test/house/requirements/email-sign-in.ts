import type { Requirements } from '../requirements.ts'

export const emailSignIn: Requirements = {
  'R-050': {
    says: 'Links hold at least 128 bits; codes at least six digits, all equally likely.',
    code: ['src/factors/derive.ts'],
  },
  'R-051': {
    says: 'A code ends ten minutes after its message was handed over, and the page says when.',
    code: ['src/signin/flow.ts', 'src/store/attempts.ts'],
  },
  'R-052': { says: 'Link and code are two faces of one challenge: using one uses up both.', code: ['src/signin/prove.ts'] },
  'R-053': {
    says: 'Of many right answers at once exactly one signs in.',
    code: ['src/signin/prove.ts', 'src/store/attempts.ts'],
  },
  'R-054': { says: 'Opening the link changes nothing, whoever opens it; a button does.', code: ['src/web/sign-in/link-page.ts'] },
  'R-055': { says: 'The code works whatever has happened to the link.', code: ['src/signin/prove.ts'] },
  'R-056': {
    says: 'An attempt belongs to the browser and the request it was begun with.',
    code: ['src/web/sign-in/visit.ts', 'src/oidc/interaction.ts'],
  },
  'R-057': {
    says: 'A link opened elsewhere never signs in the browser where it was asked for.',
    code: ['src/web/sign-in/link-page.ts'],
  },
  'R-058': {
    says: 'A link opened elsewhere never signs in there; it shows what it is for and the code.',
    code: ['src/web/sign-in/link-page.ts'],
  },
  'R-059': {
    says: 'A session of another account is never replaced in silence.',
    code: ['src/web/sign-in/last-question.ts', 'src/web/sign-in/continue.ts'],
  },
  'R-060': { says: 'A new attempt ends the one before it; a guess meets one challenge only.', code: ['src/store/attempts.ts'] },
  'R-061': {
    says: 'Five wrong codes close the code; tries are counted before they are judged.',
    code: ['src/signin/prove.ts', 'src/store/attempts.ts'],
  },
  'R-062': {
    says: 'Wrong codes are counted by address or number across attempts, until a success.',
    code: ['src/limits/guesses.ts', 'src/signin/prove.ts'],
  },
  'R-063': {
    says: 'A stranger’s wrong codes keep nobody out: the link, or the long code of a text, still works.',
    code: ['src/signin/flow.ts', 'src/limits/guesses.ts'],
  },
  'R-064': {
    says: 'What was counted stays counted, after a crash and on every instance.',
    code: ['src/limits/limits.ts', 'src/store/limits.ts'],
  },
  'R-065': {
    says: 'The link’s token is in no log, no referrer and no address that stays.',
    code: ['src/web/middleware/request-log.ts'],
  },
  'R-066': { says: 'Addresses in mails are those of `ISSUER`, whatever a request claims.', code: ['src/signin/compose.ts'] },
  'R-067': { says: 'After the proof the browser goes on with the stored request only.', code: ['src/oidc/interaction.ts'] },
  'R-068': {
    says: 'A mail tells application, device, time and how long; the code is in the body. A text’s last line is bound to its host.',
    code: ['views/mail/sign-in.txt.liquid', 'src/text/sms.ts'],
  },
  'R-069': {
    says: '`acr` and `amr` claim one factor for an emailed or texted proof, and for both together, no more.',
    code: ['src/oidc/configuration.ts', 'src/web/sign-in/finish.ts'],
  },
  'R-070': {
    says: 'An answer counts for the purpose it was asked for, no other.',
    code: ['src/signin/answers.ts', 'src/signin/address-proof.ts', 'src/notices/notice-token.ts'],
  },
  'R-071': {
    says: 'Another message is sent after a pause, three at most, with the same answer either way.',
    code: ['src/signin/flow.ts'],
  },
  'R-072': {
    says: 'An answer is read once, counted and compared as the same text, in constant time.',
    code: ['src/factors/derive.ts'],
  },
}
