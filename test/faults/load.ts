import { type App, authorize, authorizeUrl, newVerifier, refresh, tokensOf } from '../protocol/protocol.ts'
import { type Answer, send } from '../support/http.ts'
import type { Service } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'
import type { Balancer } from './balancer.ts'

/** What each of them waits between two requests: that the machine is not busy with them alone. */
const PACE_MS = 30

/** People and applications that are busy until `stop`, each one request after the other. */
export interface Load {
  /** How often each kind was done, whole. */
  done: Readonly<Record<string, number>>
  /** What did not end as it should: an answer that is wrong, or an end of the connection. */
  wrong: readonly string[]
  stop(): Promise<void>
}

/**
 * Through the balancer, all at once: sign-ins from the first page to the tokens, refreshes with rotation (a lost answer
 * would show: the next one is refused), silent authorizations, userinfo and keys.
 */
export async function startLoad(
  stage: Stage,
  app: App,
  balancer: Balancer,
  options: { prefix?: string; refreshes?: boolean } = {},
): Promise<Load> {
  const { prefix = 'load' } = options
  const done: Record<string, number> = {}
  const wrong: string[] = []
  let going = true
  const via = Object.create(stage.service, { port: { value: balancer.port } }) as Service
  const through = Object.create(stage, { service: { value: via } }) as Stage
  const { issuer } = stage.service

  const family = await Promise.all(
    [1, 2].map(
      async (n) => (await tokensOf(through, app, { email: `${prefix}-family-${n}@fabrikam.example` })).body.refresh_token,
    ),
  )
  const asked = await authorize(through, app, { email: `${prefix}-silent@fabrikam.example` })
  const bearer = (await tokensOf(through, app, { email: `${prefix}-bearer@fabrikam.example` })).body.access_token

  const pace = () => new Promise((resolve) => setTimeout(resolve, PACE_MS))
  const again = async (what: string, work: (round: number) => Promise<string | null>) => {
    for (let round = 0; going; round++) {
      const fault = await work(round).catch((error: unknown) => String(error))
      if (fault === null) done[what] = (done[what] ?? 0) + 1
      else wrong.push(`${what}: ${fault}`)
      await pace()
    }
  }
  const unless = (fine: boolean, answer: Pick<Answer, 'status' | 'text'>) =>
    fine ? null : `${answer.status} ${answer.text.slice(0, 200)}`

  const signsIn = (n: number) => async (round: number) => {
    const { status, text } = await tokensOf(through, app, { email: `${prefix}-${n}-${round}@fabrikam.example` })
    return unless(status === 200, { status, text })
  }
  const refreshes = (index: number) => async () => {
    const answer = await refresh(stage.service, app, family[index], {}, via)
    family[index] = answer.body.refresh_token ?? family[index]
    return unless(answer.status === 200, answer)
  }
  const silently = async () => {
    const { visitor } = asked
    const url = authorizeUrl(via, app, newVerifier(), { prompt: 'none' })
    const answer = await send(url, { headers: { cookie: visitor.jar.header(url) ?? '' }, via })
    return unless(/[?&]code=/.test(answer.headers.location ?? ''), answer)
  }
  const claims = async () => {
    const answer = await send(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${bearer}` }, via })
    return unless(answer.status === 200, answer)
  }
  const keys = async () => {
    const answer = await send(`${issuer}/jwks`, { via })
    return unless(answer.status === 200, answer)
  }
  const refreshing = options.refreshes === false ? [] : [again('refresh', refreshes(0)), again('refresh', refreshes(1))]
  const loops = [
    ...[again('sign-in', signsIn(1)), again('sign-in', signsIn(2)), ...refreshing],
    ...[again('silent', silently), again('userinfo', claims), again('keys', keys)],
  ]
  return {
    done,
    wrong,
    stop: async () => {
      going = false
      await Promise.all(loops)
    },
  }
}
