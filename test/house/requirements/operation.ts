import type { Requirements } from '../requirements.ts'

export const operation: Requirements = {
  'R-170': {
    says: 'The database holds no code, link, token, session or secret in clear.',
    code: ['src/oidc/stored-form.ts', 'src/base/secrets.ts'],
  },
  'R-171': {
    says: 'Client secrets are long, stored hashed, and two may overlap.',
    code: ['src/clients/read-client.ts', 'src/admin/clients/secrets.ts'],
  },
  'R-172': { says: 'Production refuses to start with anything unsafe, by name.', code: ['src/config/read-config.ts'] },
  'R-173': {
    says: 'Nothing made for trying is reachable in production.',
    code: ['src/config/read-config.ts', 'src/web/routes.ts'],
  },
  'R-174': {
    says: 'The first administrator is made once, by who holds the machine.',
    code: ['src/admin/first-administrator.ts'],
  },
  'R-175': {
    says: 'The admin API has its own audience, scopes, checks by object, and a trail.',
    code: ['src/admin/create-admin.ts', 'src/admin/permissions.ts', 'src/web/admin-api/bearer.ts', 'src/web/console/guards.ts'],
  },
  'R-176': { says: 'Lists are paged by opaque cursors and tell no totals.', code: ['src/admin/cursor.ts'] },
  'R-177': {
    says: 'No log, metric, trace or trail holds a code, token, link or full address.',
    code: ['src/base/log.ts', 'src/base/metric-catalogue.ts', 'src/base/tracing.ts', 'src/audit/audit.ts'],
  },
  'R-178': {
    says: 'Mails escape what is theirs to show; headers cannot be broken.',
    code: ['src/text/templates.ts', 'src/text/clean.ts'],
  },
  'R-179': { says: 'Exported tables hold no formulas.', notApplicable: 'exports are JSON; no table for spreadsheets is written' },
  'R-180': { says: 'Errors tell a reference, and nothing of the inside.', code: ['src/web/middleware/errors.ts'] },
  'R-181': { says: 'A fault in one request harms no other.', code: ['src/web/middleware/errors.ts'] },
  'R-182': {
    says: 'What is installed is locked, listed and checked.',
    code: ['Dockerfile', 'release/in-image/bill.ts'],
    note: 'the base by its digest, and the audit of known faults, are steps of a release (docs/container.md)',
  },
  'R-183': {
    says: 'In a cluster it runs without rights it does not need.',
    code: ['helm/templates/_pod.tpl', 'helm/templates/networkpolicy.yaml'],
  },
  'R-184': {
    says: 'What happened is recorded with what it tells about, and cannot be changed.',
    code: [
      'src/audit/audit.ts',
      'src/audit/chain.ts',
      'src/notices/notices.ts',
      'src/signin/tells.ts',
      'src/selfservice/objection.ts',
    ],
  },
  'R-185': {
    says: 'Personal data can be taken along and deleted, and what is old goes by itself.',
    code: ['src/store/sweep.ts', 'src/store/erasure.ts', 'src/accounts/closing.ts', 'src/selfservice/exporter.ts'],
  },
}
