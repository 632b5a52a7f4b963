import type { Context } from 'koa'

/**
 * Empties the context of a request once its answer has been sent. The engine defines a getter on each context, and V8 keeps
 * the getters of objects in its old space, from where they hold the context and all that it reaches, the whole request and
 * its answer, until a full collection. Call it where nothing is left to be done but to send the answer.
 */
export function letGoOnceSent(ctx: Context): void {
  const { res } = ctx
  res.once('close', () => {
    // Cut off before the answer was there: somebody may still be at work on it.
    if (!res.writableEnded) return
    empty((ctx as unknown as { oidc: object }).oidc)
    empty(ctx)
  })
}

function empty(object: object): void {
  const fields = object as Record<PropertyKey, unknown>
  for (const key of Reflect.ownKeys(object)) if (key !== 'oidc') fields[key] = undefined
}
