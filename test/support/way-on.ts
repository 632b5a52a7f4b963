/**
 * Whether an answer of a sign-in leads on to the application: straight to the engine, or first to `…/continue`, where
 * something is asked.
 */
export function leadsOn(location: string | null | undefined): boolean {
  return /\/sign-in\/[^/]+\/continue$|\/authorize\/[\w-]+$/.test(location ?? '')
}
