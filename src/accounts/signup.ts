import { canonicalDomain, domainOf, type EmailAddress } from '../base/index.ts'

/** Who may become a new person here. People who have an account are not asked. */
export type SignupPolicy = { kind: 'open' } | { kind: 'closed' } | { kind: 'domains'; domains: readonly string[] }

/**
 * The rule for new people as a function of their parsed address. Domains are compared whole, as canonical
 * A-labels: `corp.example` lets in neither `evilcorp.example` nor `sub.corp.example`.
 */
export function mayJoin(policy: SignupPolicy): (address: EmailAddress) => boolean {
  if (policy.kind !== 'domains') return () => policy.kind === 'open'
  const domains = new Set(
    policy.domains.map((domain) => {
      const canonical = canonicalDomain(domain)
      if (!canonical) throw new Error(`sign-up is limited to "${domain}", which is no domain`)
      return canonical
    }),
  )
  return (address) => domains.has(domainOf(address))
}
