import { type AcrNames, levelOfAcr } from '../../../oidc/index.ts'
import type { ClaimRow, ConsoleClientViews } from '../../../text/index.ts'
import type { Say } from './form.ts'
import type { TryResult, TryRun } from './try-redeem.ts'

type Props = Pick<
  ConsoleClientViews['console-try'],
  'outcome' | 'problem' | 'request' | 'answer' | 'token' | 'claims' | 'userinfo' | 'proof'
>

/** Names that have a meaning in the locales, below `console.claim.`; of the others only the value is told. */
const EXPLAINED = new Set([
  ...['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'nonce', 'code_challenge', 'code_challenge_method'],
  ...['ui_locales', 'code', 'iss', 'error', 'error_description', 'token_type', 'expires_in', 'access_token', 'id_token'],
  ...['sub', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'sid', 'at_hash', 'azp', 'email', 'email_verified', 'name'],
  ...['given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website', 'gender'],
  ...['birthdate', 'zoneinfo', 'locale', 'updated_at', 'phone_number', 'phone_number_verified'],
])
const MEANS = new Set([
  'email_link',
  'email_code',
  'sms',
  'otp',
  'recovery_code',
  'passkey',
  'user',
  'uv',
  'pop',
  'swk',
  'mfa',
  'mca',
])
const MOMENTS = new Set(['exp', 'iat', 'auth_time', 'updated_at'])

/** A sign-in that was tried, step by step and in words. What opens something is told by its length alone. */
export function tryView(result: TryResult, run: TryRun, { acrNames, say }: { acrNames: AcrNames; say: Say }): Props {
  const { answer, token, claims, userinfo, problem } = result
  const rows = (values: Readonly<Record<string, unknown>>): ClaimRow[] =>
    Object.entries(values).map(([name, value]) => ({
      name,
      value: { text: typeof value === 'object' && !isWords(value) ? JSON.stringify(value) : wordsOf(value) },
      at: MOMENTS.has(name) && typeof value === 'number' ? new Date(value * 1000) : null,
      meaning: EXPLAINED.has(name) ? say(`claim.${name}`) : '',
    }))
  const kept = (length: number) => `${say('try.kept')} (${length})`
  const { code, ...rest } = answer
  return {
    outcome: problem === null ? 'done' : 'refused',
    problem: problem ?? '',
    request: rows(run.parameters),
    answer: rows({ ...(code !== undefined && { code: kept(code.length) }), ...rest }),
    token: token
      ? rows({
          token_type: token.type,
          expires_in: token.expiresIn ?? '',
          scope: token.scope,
          access_token: kept(token.accessTokenLength),
          id_token: `${token.idTokenAlg}, ${token.kid}`,
        })
      : [],
    claims: claims ? rows(claims) : [],
    userinfo: userinfo ? rows(userinfo) : [],
    proof: claims ? proofOf(claims, acrNames, say) : null,
  }
}

function proofOf(claims: Readonly<Record<string, unknown>>, acrNames: AcrNames, say: Say): Props['proof'] {
  const means = Array.isArray(claims.amr) ? claims.amr.map(String) : []
  return {
    level: levelOfAcr(claims.acr, acrNames),
    means: means.map((one) => (MEANS.has(one) ? say(`means.${one}`) : one)),
    at: typeof claims.auth_time === 'number' ? new Date(claims.auth_time * 1000) : null,
  }
}

function isWords(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function wordsOf(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : String(value)
}
