import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createLocalVerbs } from '../../src/local-verbs.ts'
import { freshDatabase } from '../support/database.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('doctor tells every fault of SMS_PRICES_FILE as a finding, and looks at all the rest', async () => {
  const folder = await tempFolder('doctor')
  const [prices, clients] = [join(folder, 'prices.csv'), join(folder, 'clients.yaml')]
  const env = {
    ISSUER: 'http://localhost:3000',
    DATABASE_URL: await freshDatabase(),
    SECRETS: randomBytes(32).toString('base64url'),
    CLIENTS_FILE: clients,
    SMS_PRICES_FILE: prices,
  }
  await writeFile(clients, 'clients: []\n')
  const { doctor } = createLocalVerbs(env)
  for (const [text, words] of [
    [null, `SMS_PRICES_FILE cannot be read: ${prices}`],
    ['DE,cheap\n', expect.stringContaining(prices)],
  ] as const) {
    if (text !== null) await writeFile(prices, text)
    const findings = await doctor()
    expect(findings).toContainEqual(expect.objectContaining({ about: 'texts', state: 'broken', words }))
    expect(findings.map(({ about }) => about)).toEqual(expect.arrayContaining(['database', 'clients file', 'administrators']))
  }
})

test('before the first start nothing is broken; a theme or a file of keys that no instance would start with is', async () => {
  const folder = await tempFolder('doctor')
  await writeFile(join(folder, 'style.css'), '')
  const env = {
    ...{ ISSUER: 'http://localhost:3000', DATABASE_URL: await freshDatabase(), DATA_DIR: folder },
    SECRETS: randomBytes(32).toString('base64url'),
  }
  const fresh = await createLocalVerbs(env).doctor()
  expect(fresh.filter(({ state }) => state === 'broken')).toEqual([])
  expect(fresh).toContainEqual(expect.objectContaining({ about: 'signing keys', words: 'there are none yet' }))
  // Settings that were left out in part look like a trial: then what it says of mail is no answer.
  for (const about of ['mail', 'texts', 'settings'])
    expect(fresh).toContainEqual(expect.objectContaining({ about, state: 'look' }))
  const words = expect.stringMatching(/without (?!.*ISSUER).*TRUSTED_PROXIES.*SMTP_URL/)
  expect(fresh).toContainEqual(expect.objectContaining({ about: 'settings', words }))

  const faulty = { ...env, THEME_DIR: folder, SIGNING_KEYS_FILE: join(folder, 'keys.json') }
  const found = await createLocalVerbs(faulty).doctor()
  const theme = /^THEME_DIR: style.css: is nothing that a theme holds/
  expect(found.filter(({ state }) => state === 'broken')).toEqual([
    expect.objectContaining({ about: 'theme', words: expect.stringMatching(theme) }),
    expect.objectContaining({ about: 'signing keys', words: expect.stringMatching(/keys.json: cannot be read: ENOENT$/) }),
  ])
  expect(found).toContainEqual(expect.objectContaining({ about: 'clients file' }))
  await expect(createLocalVerbs({ ...env, THEME_DIR: folder }).grantAdmin('ada@fabrikam.example')).rejects.toMatchObject({
    message: 'the theme is not right',
    faults: [{ words: expect.stringMatching(theme) }],
  })
})

test('a database that another role has restored is told from one that is not reached', async () => {
  const url = new URL(await freshDatabase())
  url.searchParams.set('options', '-c role=pg_monitor')
  const findings = await createLocalVerbs({ DATABASE_URL: url.href, DATA_DIR: await tempFolder('doctor') }).doctor()
  expect(findings).toContainEqual(
    expect.objectContaining({
      about: 'database',
      state: 'broken',
      words: expect.stringMatching(/^refuses the role .*permission denied/),
    }),
  )
})
