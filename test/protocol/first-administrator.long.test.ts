import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { startStage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'

const DAY = 86_400
const LINK = /http:\/\/localhost:\d+\/admin\/first\/[\w-]{43}/

describe('the link in a file', () => {
  test('R-174 stands there for one user alone, is not printed, ends after a day, and goes when it is of no use', async () => {
    const file = join(await tempFolder('link'), 'admin-link')
    const stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, ADMIN_LINK_FILE: file } })
    try {
      const link = (await readFile(file, 'utf8')).trim()
      expect(link).toMatch(LINK)
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      expect(stage.service.output()).not.toContain(link)
      expect(stage.service.output()).toContain(file)

      await stage.moveClock(DAY)
      const page = await createVisitor(stage.service).get(link)
      expect([page.status, page.words]).toEqual([410, expect.stringContaining('has ended')])

      await stage.signIn('ada@fabrikam.example')
      await query(stage.service.databaseUrl, `update account set role = 'admin'`)
      await stage.service.restart()
      await expect(stat(file)).rejects.toThrow('ENOENT')
    } finally {
      await stage.stop()
    }
  }, 60_000)
})
