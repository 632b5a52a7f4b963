import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startCluster } from '../faults/system-postgres.ts'
import { emptyDatabase } from '../support/database.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { startMailServer } from './mail-server.ts'
import { type Here, type Plan, serviceAt, signInAt, signInAtDemo, trialEnv } from './plan.ts'

const START = 'npm ci && npm start'
const secret = () => randomBytes(32).toString('base64')
const RELAY_PORT = '8080'
const APP_PORT = '4000'

const pages: readonly Plan[] = [
  { page: 'README.md' },
  {
    page: 'docs/start.md',
    tools: ['openssl'],
    ground: async (here) => {
      const [mail, databaseUrl, [app]] = await Promise.all([startMailServer(), emptyDatabase(), freePorts(1)])
      return {
        env: { ...trialEnv(here), ISSUER: here.issuer, NODE_EXTRA_CA_CERTS: mail.certificatePath },
        words: [
          ['postgres://doorward:password@db.example.com/doorward', databaseUrl],
          ['smtps://user:password@smtp.example.com', mail.url],
          [APP_PORT, String(app)],
        ],
        stop: mail.stop,
      }
    },
    files: { 'app.mjs': '// app.mjs' },
    servers: () => [{ line: /^node app\.mjs$/, url: `http://127.0.0.1:${APP_PORT}/` }],
    steps: [
      {
        begins: START,
        after: async (here) => expectWords(await signInAtDemo(here, 'ada@fabrikam.example'), 'ada@fabrikam.example'),
      },
      { begins: 'npm run cli -- grant-admin', says: /whoever signs in with it first is an administrator/ },
      {
        begins: 'node app.mjs',
        after: async (here, shell) => {
          const { output } = await shell.run(`echo http://127.0.0.1:${APP_PORT}`)
          expectWords(
            await signInAt(here, `${output.trim()}/sign-in`, 'grace@fabrikam.example'),
            'Signed in as grace@fabrikam.example',
          )
        },
      },
      { begins: 'umask 077', before: (_, shell) => shell.run('leave "$server_0"; unset ISSUER') },
      { begins: 'curl -s', says: /ready[\s\S]*ok +mail: .*connects/ },
    ],
  },
  { page: 'docs/account-page.md' },
  {
    page: 'docs/administrators.md',
    begin: START,
    words: () => [['<account id>', '"$ACCOUNT_ID"']],
    steps: [
      {
        begins: 'npm run cli -- administrators grant',
        before: async (here, shell) => {
          await signInAtDemo(here, 'ada@fabrikam.example')
          await shell.run(
            `export ACCOUNT_ID=$(npm run -s cli -- accounts list --q ada@ --json | node -p 'JSON.parse(fs.readFileSync(0)).items[0].account_id')`,
          )
        },
        // They have no authenticator, and the page says that it is asked for.
        status: 1,
        says: /authenticator/,
      },
    ],
  },
  {
    page: 'docs/admin-api.md',
    ground: async (here) => ({
      env: { ...trialEnv(here), CLIENTS_FILE: 'clients.yaml', PROVISIONING_SECRET: secret() },
    }),
    words: ({ issuer }) => [['https://id.example.com', issuer]],
    files: { 'clients.yaml': 'clients:\n  - client_id: provisioning' },
    begin: START,
    steps: [
      {
        begins: 'curl -s https://id.example.com/token',
        says: /"access_token":"/,
        after: async ({ issuer }, shell) => {
          const form = `-d grant_type=client_credentials -d resource=${issuer}/admin/api/v1 -d scope=accounts:read`
          const read = `node -p 'JSON.parse(fs.readFileSync(0)).access_token'`
          await shell.run(`TOKEN=$(curl -s ${issuer}/token -u "provisioning:$PROVISIONING_SECRET" ${form} | ${read})`)
        },
      },
      { begins: `curl -s 'https://id.example.com/admin`, says: /"items":\[/ },
    ],
  },
  {
    page: 'docs/backup.md',
    tools: ['pg_dump', 'pg_restore', 'createdb', '/usr/lib/postgresql'],
    ground: async (here) => {
      const cluster = await startCluster()
      const { hostname, port, username } = new URL(cluster.primaryUrl)
      return {
        env: {
          ...trialEnv(here),
          SECRETS: secret(),
          DATABASE_URL: cluster.primaryUrl,
          DATABASE_DIRECT_URL: cluster.primaryUrl,
          PGHOST: hostname,
          PGPORT: port,
          PGUSER: username,
        },
        stop: cluster.stop,
      }
    },
    begin: 'doorward migrate',
    steps: [
      {
        begins: 'doorward after-restore',
        before: (_, shell) =>
          shell.run(
            'export DATABASE_URL=$(dirname "$DATABASE_URL")/restored; export DATABASE_DIRECT_URL=$DATABASE_URL; doorward migrate status',
          ),
        status: 1, // of the first, which ends nothing
        says: /nothing was ended: add --yes[\s\S]*Ended:/,
      },
    ],
  },
  {
    page: 'docs/clients-file.md',
    ground: async ({ port }) => ({
      env: {
        PORT: String(port),
        ISSUER: 'https://id.shop.example',
        DATABASE_URL: await emptyDatabase(),
        SECRETS: secret(),
        SMTP_URL: 'smtps://mail.shop.example',
        MAIL_FROM: 'id@shop.example',
        TRUSTED_PROXIES: '1',
      },
    }),
    files: { 'clients.yaml': '# yaml-language-server' },
    begin: 'npm run cli -- migrate',
    steps: [{ begins: 'npm run cli -- plan', says: /warehouse/ }],
  },
  { page: 'docs/container.md' },
  {
    page: 'docs/key-rotation.md',
    begin: START,
    // The page says so: not before the five and a half minutes have passed.
    steps: [{ begins: 'npm run cli -- keys rotate\n', status: 1, says: /not before|until|wait|may sign from/i }],
  },
  {
    page: 'docs/operations.md',
    ground: async (here) => ({ env: { ...trialEnv(here), DATABASE_URL: await emptyDatabase() } }),
    begin: START,
    words: () => [['7asgRxz10b5wmzA5ESPEKg', '"$ACCOUNT_ID"']],
    steps: [
      {
        begins: 'npm run cli -- accounts list',
        before: async (here, shell) => {
          await signInAtDemo(here, 'maria@fabrikam.example')
          await shell.run(
            `export ACCOUNT_ID=$(npm run -s cli -- accounts list --q maria@ --json | node -p 'JSON.parse(fs.readFileSync(0)).items[0].account_id')`,
          )
        },
        says: /sign_in\.completed|Signed in/,
      },
    ],
  },
  { page: 'docs/money-and-limits.md' },
  { page: 'docs/outbound.md' },
  {
    page: 'docs/text-messages.md',
    tools: ['openssl', 'od'],
    ground: async (here) => {
      const folder = await tempFolder('texts')
      const [relay] = await freePorts(1)
      await writeFile(join(folder, 'twilio'), randomBytes(16).toString('hex'))
      return {
        env: trialEnv(here),
        words: [
          ['/run/secrets/twilio', join(folder, 'twilio')],
          ['/etc/doorward/prices.yaml', 'prices.yaml'],
          ['AC…', `AC${randomBytes(16).toString('hex')}`],
          [RELAY_PORT, String(relay)],
        ],
      }
    },
    files: { 'prices.yaml': 'date: 2026', 'relay.mjs': 'import { createHmac' },
    steps: [
      {
        // The settings are for the service: it starts with them, and forgets them for what follows.
        begins: 'SMS_ROUTES="twilio"',
        after: async (_, shell) => {
          const names =
            'SMS_ROUTES TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN_FILE TWILIO_FROM SMS_COUNTRIES PHONE_COUNTRY SMS_PRICES_FILE SMS_BUDGET'
          const started = await shell.run(`export ${names}\nnpm start\nunset ${names}\ncat service.log`)
          expectWords(started.output, 'Texts cost at most 20.00 EUR a day (DE, AT, CH; prices of 2026-11-01)')
        },
      },
      { begins: 'body=', says: /HTTP\/1\.1 20/ },
    ],
  },
  {
    page: 'docs/theming.md',
    files: { 'theme/theme.css': '@layer theme', 'theme/locales/en.json': '{ "brand"' },
    steps: [
      {
        begins: 'THEME_DIR=',
        after: async ({ issuer }) => expectWords(await (await fetch(`${issuer}/`)).text(), 'Acme ID'),
      },
    ],
  },
  {
    page: 'docs/tracing.md',
    ground: async (here) => {
      const collector = await startOtlpReceiver()
      return { env: trialEnv(here), words: [['http://collector:4318', collector.url]], stop: collector.stop }
    },
  },
  {
    page: 'examples/relying-app/README.md',
    ground: async (here) => ({
      env: { ...trialEnv(here), CLIENTS_FILE: 'clients.yaml', DEMO_SECRET: secret() },
      words: [
        ['3001', String(here.port + 1)],
        ['CLIENT_SECRET=…', 'CLIENT_SECRET="$DEMO_SECRET"'],
      ],
    }),
    files: { 'clients.yaml': 'clients:' },
    begin: START,
    servers: ({ port }: Here) => [{ line: /server\.ts$/, url: `http://127.0.0.1:${port + 1}/` }],
    steps: [
      {
        begins: 'ISSUER=',
        after: async (here) => expectWords(await signInAtDemo(here, 'ada@fabrikam.example'), 'ada@fabrikam.example'),
      },
    ],
  },
  { page: '.github/CONTRIBUTING.md' },
]

/** How the commands of each page are run; those of exceptions.ts are not. */
export const PLANS: readonly Plan[] = pages.map((plan) => ({
  ...plan,
  servers: (here) => [serviceAt(here), ...(plan.servers?.(here) ?? [])],
}))

function expectWords(text: string, words: string): void {
  if (!text.includes(words)) throw new Error(`it does not say ${words}: ${text}`)
}
