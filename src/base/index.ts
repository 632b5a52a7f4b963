// base: what every room stands on — clock, random identifiers, keys by purpose, parsed addresses, the opaque
// transaction, refusals, log, spans and the catalogue of metrics. It knows no other room, no table and no route.
// Specs: RFC 5869 (HKDF), ITU-T E.164 (numbers), RFC 5321 and 6531 (addresses), RFC 5890 (A-labels), RFC 8176 (amr).
export { type Address, type AddressKind, isEmail, maskAddress } from './address.ts'
export { asciiDigit } from './ascii-digit.ts'
export { addSeconds, type Clock, clock, secondsUntil } from './clock.ts'
export { canonicalDomain, domainOf, type EmailAddress, maskEmail, parseEmailAddress } from './email-address.ts'
export { newId, newReference, newSecret, randomFrom } from './id.ts'
export { createLog, type Log } from './log.ts'
export { type MetricName, metricCatalogue } from './metric-catalogue.ts'
export { counterIn, createMetrics, gaugeIn, histogramIn, type Metrics, metricsManual } from './metrics.ts'
export { createAddressRules, isInternal, type OutboundAllow } from './outbound/addresses.ts'
export { OutboundFailed } from './outbound/failure.ts'
export { createOutbound, type Outbound, type OutboundPurpose } from './outbound/outbound.ts'
export { patienceLeftMs, presentWork, waitPatiently, withPatience } from './patience.ts'
export {
  countryOf,
  isCountry,
  lastTwoDigits,
  maskPhone,
  type PhoneNumber,
  parsePhoneNumber,
  type ReadPhone,
} from './phone-number.ts'
export type { Proof } from './proof.ts'
export { Refusal, type RefusalCode, refusals } from './refusal.ts'
export { createSecrets, hashOf, type Purpose, SealBroken, type Secrets, sameText, UnknownSecret } from './secrets.ts'
export { inSpan, type Span, type SpanField, type SpanStart, tellTraces, traceparent } from './tracing.ts'
export type { Transact, Tx } from './tx.ts'
