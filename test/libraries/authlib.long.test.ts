import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { PERSON, type RunningLibrary, startLibrary, visitorOf, walkThrough } from './library.ts'

let library: RunningLibrary | null
beforeAll(async () => {
  library = await startLibrary({
    name: 'authlib',
    needs: [['python3', '--version']],
    install: [
      ['python3', '-m', 'venv', 'venv'],
      ['venv/bin/pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
    ],
    start: ['venv/bin/python', 'app.py'],
  })
}, 180_000)
afterAll(() => library?.stop())

describe('a Flask application with Authlib', () => {
  test('signs somebody in, refreshes by itself, and signs out here and there', async () => {
    if (!library) return
    const page = await walkThrough(library)
    expect(JSON.parse(page.text)).toEqual(PERSON)
  })

  test('tells why where the person cancels', async () => {
    if (!library) return
    const { origin } = library
    const visitor = visitorOf(library)
    const state = new URL((await visitor.get(`${origin}/sign-in`)).location ?? '').searchParams.get('state')
    const answer = await visitor.get(`${origin}/callback?error=access_denied&error_description=cancelled&state=${state}`)
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, { error: 'access_denied', description: 'cancelled' }])
  })
})
