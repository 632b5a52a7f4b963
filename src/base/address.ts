import { type EmailAddress, maskEmail } from './email-address.ts'
import { maskPhone, type PhoneNumber } from './phone-number.ts'

/** What a message can be sent to and an account is found by. */
export type Address = EmailAddress | PhoneNumber

/** As `address.kind` in the database, and as the claims of OpenID Connect Core §5.1 call them. */
export type AddressKind = 'email' | 'phone'

/** An email address holds an @, a number begins with a +. */
export function isEmail(address: Address): address is EmailAddress {
  return address.includes('@')
}

/** Enough to recognize one's own address, too little to learn another's. */
export function maskAddress(address: Address): string {
  return isEmail(address) ? maskEmail(address) : maskPhone(address)
}
