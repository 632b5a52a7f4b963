import type { Requirements } from '../requirements.ts'

export const abuse: Requirements = {
  'R-150': {
    says: 'Limits count by network (/64 in IPv6), address, client and in all, on all instances together.',
    code: ['src/limits/limits.ts', 'src/limits/ip-subject.ts'],
  },
  'R-151': { says: 'A client’s address comes from the trusted proxies only.', code: ['src/web/middleware/origin-form.ts'] },
  'R-152': {
    says: 'An address or a number gets few messages an hour and a day, whoever asks.',
    code: ['src/signin/flow.ts', 'src/limits/limits.ts'],
  },
  'R-153': {
    says: 'Text messages have budgets a day by number, prefix, client, country and in all, and a breaker on what is proven.',
    code: ['src/limits/budget/budget.ts', 'src/store/budget.ts', 'src/signin/proof-of-work.ts'],
  },
  'R-154': {
    says: 'What cannot be counted is not sent and not judged; what costs nothing goes on.',
    code: ['src/limits/limits.ts', 'src/limits/or-unavailable.ts', 'src/delivery/delivery.ts'],
  },
  'R-155': {
    says: 'Over a limit is 429 with `Retry-After`, for known and unknown alike.',
    code: ['src/limits/limits.ts', 'src/web/middleware/errors.ts'],
  },
  'R-156': {
    says: 'What strangers can cause to be stored is bounded and swept.',
    code: ['src/web/engine-guards.ts', 'src/store/sweep.ts'],
  },
  'R-157': { says: 'Bodies, headers and waiting times are capped.', code: ['src/web/server.ts', 'src/web/engine-guards.ts'] },
  'R-158': { says: 'No pattern takes more than linear time on what is sent.', code: ['src/base/email-address.ts'] },
}
