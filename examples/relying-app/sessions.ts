// Sessions of browsers, kept in memory. A real application would keep them in its database.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Person } from './pages.ts'

/** What the cookie of one browser stands for. */
export interface Session {
  id: string
  /** Sign-ins under way, by `state`: several tabs do not disturb each other. */
  flows: Map<string, { nonce: string; verifier: string; maxAge: number | undefined }>
  person?: Person
}

const SESSIONS_MAX = 1000
const FLOWS_MAX = 20

/** Where sessions are kept; `secure` when browsers reach the application by https. */
export function createSessions(secure: boolean) {
  const sessions = new Map<string, Session>()
  const cookie = (value: string, extra = ''): string =>
    `demo=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}${extra}`

  return {
    /** The session of this browser, or a new one that is not kept yet. */
    of(request: IncomingMessage): Session {
      const id = /(?:^|;\s*)demo=([\w-]{43})(?:;|$)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
      return sessions.get(id) ?? { id: newId(), flows: new Map() }
    },
    /** Keeps the session and gives the browser its cookie. */
    keep(session: Session, response: ServerResponse): void {
      sessions.set(session.id, session)
      dropOldest(session.flows, FLOWS_MAX)
      dropOldest(sessions, SESSIONS_MAX)
      response.setHeader('Set-Cookie', cookie(session.id))
    },
    /** Signs a person in under a new id: nobody can have planted its cookie beforehand. */
    begin(before: Session, person: Person, response: ServerResponse): void {
      sessions.delete(before.id)
      this.keep({ id: newId(), flows: before.flows, person }, response)
    },
    /** Signs out whoever signed in by this session of the provider, in whatever browser. */
    endBySid(sid: string): void {
      for (const session of sessions.values()) if (session.person?.claims.sid === sid) sessions.delete(session.id)
    },
    end(session: Session, response: ServerResponse): void {
      sessions.delete(session.id)
      response.setHeader('Set-Cookie', cookie('', '; Max-Age=0'))
    },
  }
}

function newId(): string {
  return randomBytes(32).toString('base64url')
}

function dropOldest(map: Map<string, unknown>, countMax: number): void {
  const oldest = map.keys().next().value
  if (map.size > countMax && oldest !== undefined) map.delete(oldest)
}
