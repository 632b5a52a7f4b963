import { afterEach, describe, expect, test } from '@jest/globals'
import { checkDeployment, DeploymentConflict } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, listeningLog, open } from './store-support.ts'

afterEach(closeAll)

const issuer = 'https://id.example'
const now = new Date('2026-01-01T00:00:00Z')

describe('F-63 an instance on a database that others use', () => {
  test('F-63 is welcome with the same issuer and keys, also all at once', async () => {
    const db = open(await freshDatabase())
    const { log, lines } = listeningLog()
    await Promise.all([1, 2, 3, 4].map(() => checkDeployment(db, { issuer, secretIds: ['k1'], now, log })))
    expect(lines).toEqual([])
  })

  test('F-63 is refused when its issuer differs', async () => {
    const db = open(await freshDatabase())
    const { log } = listeningLog()
    await checkDeployment(db, { issuer, secretIds: ['k1'], now, log })
    const refused = checkDeployment(db, { issuer: 'https://other.example', secretIds: ['k1'], now, log })
    await expect(refused).rejects.toThrow(DeploymentConflict)
    await expect(refused).rejects.toThrow(/belongs to ISSUER https:\/\/id\.example/)
  })

  test('F-63 may bring a new key as long as an old one is there, and is refused with none', async () => {
    const url = await freshDatabase()
    const db = open(url)
    const { log, lines } = listeningLog()
    await checkDeployment(db, { issuer, secretIds: ['k1'], now, log })
    await checkDeployment(db, { issuer, secretIds: ['k2', 'k1'], now, log })
    expect(lines.join()).toContain('while keys are exchanged')
    await checkDeployment(db, { issuer, secretIds: ['k2'], now, log })
    await expect(checkDeployment(db, { issuer, secretIds: ['k1'], now, log })).rejects.toThrow(/no key of SECRETS/)
    expect(await query(url, 'select secret_ids from deployment')).toEqual([{ secret_ids: ['k2'] }])
  })
})
