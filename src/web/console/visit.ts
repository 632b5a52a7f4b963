import type { Context } from 'koa'
import {
  ADMIN_SCOPES,
  AdminFault,
  type AdminScope,
  type OperationName,
  operations,
  type PersonActor,
  type Role,
} from '../../admin/index.ts'
import { isStrong } from '../own-client/fresh.ts'
import { createOwnVisits, type OwnVisit, type OwnVisitDeps } from '../own-client/visit.ts'
import { whoOf } from '../request.ts'

const EVERY_SCOPE: ReadonlySet<AdminScope> = new Set(Object.keys(ADMIN_SCOPES) as AdminScope[])

/** One request of an administrator at the console. */
export interface ConsoleVisit extends OwnVisit {
  role: Role
  /** Who asks, for `admin.perform`: the role alone limits it. */
  actor: PersonActor
}

export type ConsoleVisitDeps = Omit<OwnVisitDeps<OwnVisit>, 'visitOf' | 'endedMeanwhile'>

/** Loads visits to the console, and draws its pages. Whoever has signed in may be no administrator: see guards. */
export function createConsoleVisits(deps: ConsoleVisitDeps) {
  const own = createOwnVisits<OwnVisit>({
    ...deps,
    visitOf: (_ctx, visit) => visit,
    endedMeanwhile: (error) => error instanceof AdminFault && error.code === 'unauthorized',
  })

  /** The visit of an administrator; null where the account has no role. */
  function administratorOf(ctx: Context, visit: OwnVisit): ConsoleVisit | null {
    const { session, account } = visit
    const { role } = session
    if (!role) return null
    const actor: PersonActor = {
      kind: 'person',
      accountId: account.id,
      role,
      scopes: EVERY_SCOPE,
      level: session.level,
      authTime: session.authTime,
      standing: { session: session.id },
      who: { ...whoOf(ctx), actorId: account.id },
    }
    return { ...visit, role, actor }
  }

  /** The visit of an administrator, behind a guard of the console. */
  async function load(ctx: Context): Promise<ConsoleVisit> {
    const visit = administratorOf(ctx, await own.load(ctx))
    if (!visit) throw new Error('a handler for administrators stands behind no guard')
    return visit
  }

  /**
   * The visit, once more, in the middle of an answer that goes on for long: whose session, account or role ended meanwhile
   * gets no more of it.
   *
   * @throws AdminFault `unauthorized`, so that the connection breaks
   */
  async function still(ctx: Context, name: OperationName): Promise<ConsoleVisit> {
    const present = await own.again(ctx)
    const visit = present && isStrong(deps.place, present.session) ? administratorOf(ctx, present) : null
    if (!visit || !may(visit, name)) throw new AdminFault('unauthorized', 'You are not signed in here any more.')
    return visit
  }

  return { ...own, own, administratorOf, load, still }
}

export type ConsoleVisits = ReturnType<typeof createConsoleVisits>

/** Whether the role allows an operation: what it does not is not shown either. */
export function may({ role }: Pick<ConsoleVisit, 'role'>, name: OperationName): boolean {
  const roles: readonly Role[] = operations[name].roles
  return roles.includes(role)
}
