import { type Config, readConfig } from '../../src/config/index.ts'

export type Env = Record<string, string | undefined>

export const SECRET = 'Zm9yIHRlc3RzIG9ubHksIG5vdCBmb3IgdXNl'
export const OTHER_SECRET = 'YW5vdGhlciBvbmUgZm9yIHRlc3RzIG9ubHkh'
export const PRODUCTION: Env = {
  NODE_ENV: 'production',
  ISSUER: 'https://id.example.com',
  DATABASE_URL: 'postgres://doorward:hidden-word@db.example.com/doorward',
  SECRETS: SECRET,
  SMTP_URL: 'smtps://user:hidden-word@smtp.example.com',
  MAIL_FROM: 'Example <sign-in@example.com>',
  CLIENTS_FILE: '/etc/doorward/clients.yaml',
  TRUSTED_PROXIES: '1',
}

export const noFiles = (path: string): string => {
  throw Object.assign(new Error(path), { code: 'ENOENT' })
}

export function read(env: Env, files: (path: string) => string = noFiles): Config {
  const result = readConfig(env, { files })
  if (!result.ok) throw new Error(JSON.stringify(result.faults))
  return result.config
}

export function faults(env: Env, files: (path: string) => string = noFiles): string[] {
  const result = readConfig(env, { files })
  return result.ok ? [] : result.faults.map(({ name, words }) => `${name} ${words}`)
}

export const faultNames = (env: Env): string[] => [...new Set(faults(env).map((line) => line.split(' ')[0] ?? ''))]
