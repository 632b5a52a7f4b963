import type { Middleware } from 'koa'
import { maskAddress } from '../../base/index.ts'
import type { Rescues } from '../../rescue/index.ts'
import { type Attempt, typedChallenge } from '../../signin/index.ts'
import type { ContactView, Views } from '../../text/index.ts'
import { spanOf } from '../span.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface HelpDeps {
  visits: Pick<Visits, 'loadOpen' | 'show'>
  rescues: Pick<Rescues, 'on' | 'spans'>
  /** Null where nobody can have any. */
  passkeys: object | null
  /** Whether text messages can be sent. */
  texts: boolean
  /** `mailto:` or https. */
  helpContact: string | null
}

/** `GET /sign-in/:uid/help`: what is possible for whoever cannot get in. It asks nobody who they are, and changes nothing. */
export function createHelp(deps: HelpDeps) {
  const { visits, rescues, texts } = deps
  const passkeys = deps.passkeys !== null
  const contact = deps.helpContact === null ? null : contactOf(deps.helpContact)
  const wait = rescues.on ? spanOf(rescues.spans.wait) : null

  const show: Middleware = async (ctx) => {
    const visit = await visits.loadOpen(ctx)
    visits.show(ctx, visit, 'help', { passkeys, texts, wait, contact, backUrl: `/sign-in/${visit.uid}` })
  }

  return { show }
}

/** What is said where an address is in doubt and nothing else of its account can be asked for. */
export function nothingBeside(
  visits: Pick<Visits, 'form'>,
  visit: OpenVisit,
  attempt: Attempt,
): Omit<Views['second-none'], 'app'> {
  const proven = typedChallenge(attempt)
  return {
    channel: proven?.kind === 'sms' ? 'sms' : 'email',
    masked: proven ? maskAddress(proven.target) : '',
    restart: visits.form(visit, 'restart'),
    cancel: visits.form(visit, 'leave'),
    helpUrl: `/sign-in/${visit.uid}/help`,
  }
}

function contactOf(helpContact: string): ContactView {
  if (helpContact.startsWith('mailto:')) return { kind: 'mail', address: helpContact.slice('mailto:'.length) }
  return { kind: 'page', url: helpContact, host: new URL(helpContact).host }
}

export type Help = ReturnType<typeof createHelp>
