import type { Audit } from './audit/index.ts'
import { type Clock, createOutbound, type Log, type Metrics, type Transact } from './base/index.ts'
import { type Clients, createClientContacts } from './clients/index.ts'
import type { Config } from './config/index.ts'
import { createLogoutJob, LOGOUTS_AT_ONCE, type Oidc } from './oidc/index.ts'
import { addLogouts, createClientContactStore, LOGOUT_TASK } from './store/index.ts'

/** What the rest of the house has built by then. */
export interface OutboundNeeds {
  config: Config
  clients: Clients
  audit: Audit
  transact: Transact
  clock: Clock
  log: Log
  metrics: Metrics
}

/** Builds what goes out to addresses that applications have named: the guard, what is known of them, and the job of sign-outs. */
export function outboundWays({ config, clients, audit, transact, clock, log, metrics }: OutboundNeeds) {
  const outbound = createOutbound({ allow: config.outboundAllow, trial: config.trial, metrics })
  const contacts = createClientContacts({ store: createClientContactStore(), audit, transact, clock, log })

  /** The jobs by name; the engine is built later. */
  const tasks = (oidc: () => Pick<Oidc, 'logoutToken'>) => ({
    [LOGOUT_TASK]: createLogoutJob({
      ...{ clients, outbound, contacts, clock, log, metrics },
      tokenFor: (news) => oidc().logoutToken(news),
      later: (due, at) => transact((tx) => addLogouts(tx, [due], at)),
    }),
  })

  return {
    /** What the engine goes out by. */
    given: { outbound, contacts },
    tasks,
    /** Places in the queue, beside those of all other jobs. */
    atOnce: LOGOUTS_AT_ONCE,
    /** Throws where the guard does not hold: then nothing may begin. */
    async start(): Promise<void> {
      await outbound.prove()
      contacts.start()
    },
    stop: contacts.stop,
  }
}
