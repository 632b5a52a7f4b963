import { type Address, isEmail, type Secrets } from '../base/index.ts'

/** The keyed hash by which an address is counted and remembered, whatever method asks. */
export function addressKey(secrets: Pick<Secrets, 'hmac'>, address: Address): string {
  const kind = isEmail(address) ? 'email' : 'phone'
  return secrets.hmac('address-index', `${kind}\n${address}`).toString('base64url')
}
