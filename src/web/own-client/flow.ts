import type { Context } from 'koa'
import { newId, SealBroken, type Secrets } from '../../base/index.ts'
import type { Cookies } from '../cookies.ts'
import type { AskedFor, OwnClient, StepUpWish } from './client.ts'
import { ownPath } from './own-path.ts'
import type { Place } from './place.ts'

/** What this browser waits for: the answer to one request to sign in. */
export interface PendingFlow extends AskedFor {
  /** The page to be led to. */
  to: string
  /** Whose proof is to be made fresh; null for a sign-in. */
  accountId: string | null
}

export interface FlowStart {
  to: string
  locale: string
  stepUp?: (StepUpWish & { accountId: string }) | undefined
  /** After one that did not come to an end. */
  again?: boolean
  /** Somebody else is to sign in than the one who is. */
  otherAccount?: boolean
}

const AGAIN = '.again'

/**
 * Requests of a place to sign in. One at a time waits in a browser, sealed in a cookie. That a request repeats
 * one that failed stands in its `state`, which comes back even where no cookie does: so nobody goes round in circles.
 */
export function createFlows(deps: { place: Place; client: Pick<OwnClient, 'ask'>; cookies: Cookies; secrets: Secrets }) {
  const { place, client, cookies, secrets } = deps
  const context = `${place.clientId}/flow`

  /** Begins a request and answers where the browser goes. */
  async function start(ctx: Context, { to, locale, stepUp, again = false, otherAccount = false }: FlowStart): Promise<string> {
    const state = `${newId()}${again ? AGAIN : ''}`
    const { url, asked } = await client.ask(state, { locale, stepUp, otherAccount })
    const flow: PendingFlow = { ...asked, to: ownPath(place, to), accountId: stepUp?.accountId ?? null }
    cookies.setFlow(ctx, place.clientId, secrets.seal(JSON.stringify(flow), context))
    return url
  }

  /** The request that this answer belongs to, once; null when this browser waits for none, or for another. */
  function take(ctx: Context, answer: URL): PendingFlow | null {
    const flow = waiting(ctx)
    if (!flow || answer.searchParams.get('state') !== flow.state) return null
    cookies.setFlow(ctx, place.clientId, null)
    return flow
  }

  function waiting(ctx: Context): PendingFlow | null {
    const sealed = cookies.flow(ctx, place.clientId)
    if (sealed === undefined) return null
    try {
      return JSON.parse(secrets.open(sealed, context)) as PendingFlow
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }

  /** Whether the request behind this answer was a second try. */
  const wasAgain = (answer: URL) => answer.searchParams.get('state')?.endsWith(AGAIN) ?? false

  return { start, take, wasAgain }
}

export type Flows = ReturnType<typeof createFlows>
