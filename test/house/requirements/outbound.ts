import type { Requirements } from '../requirements.ts'

export const outbound: Requirements = {
  'R-160': {
    says: 'Addresses given by clients are fetched over https, from public networks, capped, without redirects.',
    code: [
      'src/base/outbound/guard.ts',
      'src/base/outbound/addresses.ts',
      'src/base/outbound/lookup.ts',
      'src/oidc/engine-fetch.ts',
    ],
    note: 'keys and back-channel logout; sector identifiers come with pairwise subjects',
  },
  'R-161': { says: 'A client’s logo is never fetched by the server.', code: ['src/oidc/app-view.ts'] },
  'R-162': { says: 'A sector’s list names every redirect address.', note: 'comes with pairwise subjects' },
  'R-163': { says: 'Redirect addresses that could run, read or be confused are not registered.', code: ['src/clients/uris.ts'] },
  'R-164': {
    says: 'Mail servers and text providers are verified by TLS, with time-outs and bounded retries; receipts by signature.',
    code: ['src/delivery/channels/smtp.ts', 'src/delivery/channels/http-post.ts', 'src/delivery/receipts/desk.ts'],
  },
  'R-165': {
    says: 'Without the guard against internal networks the service does not start.',
    code: ['src/base/outbound/outbound.ts', 'src/outbound.ts'],
  },
}
