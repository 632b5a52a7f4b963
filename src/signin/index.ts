// signin: one attempt to prove who one is, whoever asks: a sign-in, or an address that an account is to have. It owns
// attempts and challenges, their purposes, limits, messages, tries and single use, decides which screen is next
// (`nextStep`, pure), and says what a sign-in is told by mail. It knows no page and no engine.
// Tables: attempt, challenge, passkey_ceremony, remembered_device. Requirements,
//

export {
  type AddressOutcome,
  type AddressProof,
  type AddressProofDeps,
  createAddressProof,
  type ProofFor,
} from './address-proof.ts'
export { type Assess, type AssessDeps, createAssess } from './assess.ts'
export { type Attempt, type AttemptRow, type AttemptStore, type StoredAttempt, typedChallenge } from './attempt.ts'
export type { Ceremony, CeremonyKind, CeremonyStore } from './ceremonies.ts'
export { type ComposeDeps, createComposer } from './compose.ts'
export type { Asker, FlowDeps, SignInPolicy, Texts } from './deps.ts'
export { deviceName, deviceOf } from './device.ts'
export { createDevices, type DeviceStore, type Devices, type RememberedDevice } from './devices.ts'
export { createFlow, type Flow, HELD_WAIT_SECONDS } from './flow.ts'
export { createKnownBrowsers, type KnownBrowsers } from './known-browser.ts'
export { isDoubtful, isKept, nextStep, type Step } from './next-step.ts'
export type { FactorOutcome, Outcome } from './outcome.ts'
export type { AddedPasskey, VerifiedPasskey } from './passkey-enrolment.ts'
export { createPasskeys, type Passkeys, type PasskeysDeps } from './passkeys.ts'
export { decide, enrollable, type Level, levelOf, type Requirement, type SecondFactor, type SecondMethod } from './policy.ts'
export { createProofOfWork, type ProofOfWork } from './proof-of-work.ts'
export { createProver, type ProveDeps, type Prover } from './prove.ts'
export type { CompleteRescue, RescueHook } from './rescue-hook.ts'
export { createSecondChannel, type SecondChannel } from './second-channel.ts'
export { createSecondFactor, type SecondFactorFlow } from './second-factor.ts'
export { createTells, type Tells, type TellsDeps } from './tells.ts'
