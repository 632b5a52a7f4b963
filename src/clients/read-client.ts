import { hashOf } from '../base/index.ts'
import type { DeclaredClient } from './client.ts'
import { type ClientEntry, clientDefaults } from './file-shape.ts'
import { type Note, type RegistrationRules, readRegistration } from './registration.ts'

/** Where secrets come from, and what is judged by the surroundings. */
export interface ReadingContext extends RegistrationRules {
  env: Readonly<Record<string, string | undefined>>
  /** Answers the text of a secret's file, or throws. */
  readSecretFile(path: string): string
}

const SECRET_CHARACTERS_MIN = 32
const HINT_CHARACTERS = 4

/** Makes a client of an entry whose form is right; notes what does not go together. */
export function readClient(entry: ClientEntry, context: ReadingContext, note: Note): DeclaredClient {
  const { client_secret: _none, client_secret_env: _env, client_secret_file: _file, ...fields } = entry
  return { ...readRegistration(fields, context, note), ...secretsOf(entry, context, note) }
}

/**
 * A client has exactly what its method of authentication needs. A secret that is named and not there yet is waited
 * for: it may come with the next mount.
 */
function secretsOf(entry: ClientEntry, context: ReadingContext, note: Note): Pick<DeclaredClient, 'secrets' | 'waitsFor'> {
  const method = entry.token_endpoint_auth_method ?? clientDefaults.token_endpoint_auth_method
  const found = readSecrets(entry, context)
  const takesNone = method === 'none' || method === 'private_key_jwt'
  if (takesNone && found.length > 0) note('token_endpoint_auth_method', `is ${method}, which takes no secret`)
  if (found.length > 2) note('client_secret_env', 'names more than two secrets')
  for (const { key, name, text } of found) {
    if (!text) continue
    if (text.length < SECRET_CHARACTERS_MIN)
      note(key, `the secret in ${name} is shorter than ${SECRET_CHARACTERS_MIN} characters`)
    else if (/[^\x20-\x7e]/.test(text)) note(key, `the secret in ${name} must be ASCII in one line`) // RFC 6749 appendix A.2
  }
  if (takesNone) return { secrets: [], waitsFor: null }
  if (found.length === 0) return { secrets: null, waitsFor: null }
  const missing = found.filter(({ text }) => !text).map(whyMissing)
  const texts = [...new Set(found.flatMap(({ text }) => text || []))]
  return {
    secrets: texts.map((text) => ({ hash: hashOf(text), hint: text.slice(-HINT_CHARACTERS) })),
    waitsFor: missing.length > 0 ? missing.join('; ') : null,
  }
}

/** A secret that is named; `text` is null where its file cannot be read. */
interface Named {
  key: 'client_secret_env' | 'client_secret_file'
  name: string
  text: string | null
}

function readSecrets(entry: ClientEntry, { env, readSecretFile }: ReadingContext): Named[] {
  const listed = (key: Named['key'], read: (name: string) => string | null): Named[] =>
    [entry[key] ?? []].flat().map((name) => ({ key, name, text: read(name) }))
  return [
    ...listed('client_secret_env', (name) => (Object.hasOwn(env, name) ? (env[name]?.trim() ?? '') : '')),
    ...listed('client_secret_file', (name) => readQuietly(readSecretFile, name)),
  ]
}

function whyMissing({ key, name, text }: Named): string {
  if (key === 'client_secret_env') return `the variable ${name} is not set`
  return text === null ? `the file ${name} cannot be read` : `the file ${name} is empty`
}

function readQuietly(readSecretFile: (path: string) => string, path: string): string | null {
  try {
    return readSecretFile(path).trim()
  } catch {
    return null
  }
}
