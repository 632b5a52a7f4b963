import { type Address, canonicalDomain, domainOf, isEmail } from '../base/index.ts'
import type { Signup } from '../config/index.ts'

/**
 * The rule for new people as a function of their parsed address; people who have an account, or were invited, are not
 * asked. Domains are compared whole, as canonical A-labels: `corp.example` lets in neither `evilcorp.example` nor `sub.corp.example`. A phone number is of no
 * domain: it is let in only where everybody is.
 */
export function mayJoin(policy: Signup): (address: Address) => boolean {
  if (policy.kind !== 'domains') return () => policy.kind === 'open'
  const domains = new Set(
    policy.domains.map((domain) => {
      const canonical = canonicalDomain(domain)
      if (!canonical) throw new Error(`sign-up is limited to "${domain}", which is no domain`)
      return canonical
    }),
  )
  return (address) => isEmail(address) && domains.has(domainOf(address))
}
