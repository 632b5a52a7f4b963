/** What the style sheet can count down, in seconds. */
export type CountDown = 0 | 15 | 30 | 45 | 60

const STEPS = [0, 15, 30, 45, 60] as const

/** The seconds that are left, rounded up to a count-down, so that what appears at its end works. */
export function countDown(seconds: number): CountDown {
  return STEPS.find((step) => step >= seconds) ?? 60
}
