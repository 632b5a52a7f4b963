// web: Koa and everything that speaks HTTP for people: the server, its order of middleware, all paths that are ours
// (routes.ts), the screens of a sign-in, assets, the trial inbox, and the port for operations. It decides nothing
// about a sign-in: it loads, asks, draws and redirects. The engine's paths are served by oidc.
// Routes: see routes.ts; /livez /readyz /metrics on the operations port. Requirements,
//

export type { AccountPageParts } from './account/account-page.ts'
export { type AdminApiDeps, createAdminApi } from './admin-api/admin-api.ts'
export { createAssets } from './assets.ts'
export type { ConsoleParts } from './console/console-page.ts'
export { createCookies } from './cookies.ts'
export { createOps, type OpsDeps } from './ops.ts'
export type { OwnSession, OwnSessionRow, OwnSessionStore } from './own-client/session.ts'
export { createReceipts } from './receipts.ts'
export { networkOf, whoOf } from './request.ts'
export { createAdminSite, createSite, type SiteDeps } from './site.ts'
