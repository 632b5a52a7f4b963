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

describe('R-115 the domain of passkeys', () => {
  async function stage() {
    const url = await freshDatabase()
    const db = open(url)
    const { log, lines } = listeningLog()
    const start = (domain: string, givenUp: string | null = null) =>
      checkDeployment(db, { issuer, secretIds: ['k1'], passkeys: { domain, givenUp }, now, log })
    const written = async () =>
      (await query<{ passkey_domain: string }>(url, 'select passkey_domain from deployment'))[0]?.passkey_domain
    const passkey = async () => {
      await query(url, `insert into account (id, created_at) values ('a', now())`)
      await query(
        url,
        `insert into credential (id, account_id, kind, data, label, proven_at, created_at)
          values ('p', 'a', 'passkey', '{}', '', now(), now())`,
      )
    }
    return { url, start, written, passkey, lines }
  }

  test('may be another as long as there is no passkey', async () => {
    const { start, written } = await stage()
    await start('id.example')
    await start('example')
    expect(await written()).toBe('example')
  })

  test('is kept once there is one, also one whose removal can be taken back', async () => {
    const { url, start, written, passkey } = await stage()
    await start('id.example')
    await passkey()
    await query(url, 'update credential set removed_at = now()')
    await start('id.example')
    await expect(start('other.example')).rejects.toThrow(DeploymentConflict)
    await expect(start('other.example')).rejects.toThrow(/made for id\.example, and PASSKEY_DOMAIN is other\.example/)
    await expect(start('other.example', 'third.example')).rejects.toThrow(DeploymentConflict)
    expect(await written()).toBe('id.example')
  })

  test('is another where the operator names the one that is given up, and the log says so', async () => {
    const { start, written, passkey, lines } = await stage()
    await start('id.example')
    await passkey()
    await start('other.example', 'id.example')
    expect(await written()).toBe('other.example')
    expect(lines.join()).toContain('those from before work no more')
    // The setting may stay where it is.
    await start('other.example', 'id.example')
    await expect(start('id.example')).rejects.toThrow(DeploymentConflict)
  })
})
