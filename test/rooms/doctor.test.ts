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
