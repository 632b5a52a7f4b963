import type { Context } from 'koa'
import { type Actor, type KeepCodes, SessionEnded } from '../../selfservice/index.ts'
import type { Cookies } from '../cookies.ts'
import { deviceInWords } from '../device-words.ts'
import type { OwnSessions } from '../own-client/session.ts'
import { createOwnVisits, type OwnVisit, type OwnVisitDeps } from '../own-client/visit.ts'
import { whoOf } from '../request.ts'

/** One request of a person who is signed in on the account page. */
export interface AccountVisit extends OwnVisit {
  /** Who asks, for the verbs of selfservice. */
  actor: Actor
}

export interface AccountVisitDeps extends Omit<OwnVisitDeps<AccountVisit>, 'visitOf' | 'endedMeanwhile'> {
  sessions: Pick<OwnSessions, 'find' | 'strengthen' | 'codesOf' | 'keepCodes' | 'takeCodes'>
  cookies: Cookies
}

/** Loads visits to the account page, guards its handlers and draws its pages. */
export function createAccountVisits(deps: AccountVisitDeps) {
  const { place, text, cookies, sessions } = deps

  return {
    ...createOwnVisits<AccountVisit>({
      ...deps,
      endedMeanwhile: (error) => error instanceof SessionEnded,
      visitOf: (ctx, { session, account, rescue, locale }) => ({
        session,
        account,
        rescue,
        locale,
        actor: {
          accountId: account.id,
          sessionUid: session.sessionUid,
          accountSessionId: session.id,
          locale: account.locale ?? locale,
          device: deviceInWords(ctx, text, locale),
          who: { ...whoOf(ctx), accountId: account.id },
        },
      }),
    }),
    /** An authenticator was proven in this session, which goes on under a new token. */
    async strengthen(ctx: Context, { session }: AccountVisit): Promise<void> {
      const token = await sessions.strengthen(session, cookies.session(ctx, place.clientId))
      if (token) cookies.setSession(ctx, place.clientId, token)
    },
    /** Recovery codes that the person has not kept yet; null when there are none. They end with the session. */
    codesToKeep: async ({ session }: AccountVisit) => sessions.codesOf(session),
    /** New ones wait in this session until they are forgotten. */
    keepCodes:
      ({ session }: AccountVisit): KeepCodes =>
      (tx, codes) =>
        sessions.keepCodes(tx, session.id, codes),
    forgetCodes: ({ session }: AccountVisit) => sessions.takeCodes(session.id),
  }
}

export type AccountVisits = ReturnType<typeof createAccountVisits>
