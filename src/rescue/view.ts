import type { Rescue, RescueView } from './rescue.ts'

/** One that waits, as it is shown; null where its time is over. `on`: rescues are not switched off. */
export function viewOf(rescue: Rescue, on: boolean, now: Date): RescueView | null {
  const { id, clientId, device, startedAt, halfwayAt, opensAt, lapsesAt } = rescue
  if (lapsesAt <= now) return null
  const shown = { id, clientId, device, startedAt, halfwayAt, opensAt, lapsesAt }
  const startedBy = rescue.startedBy === null ? 'person' : 'administrator'
  return { ...shown, state: 'waiting', ready: on && rescue.opensTold && opensAt <= now, startedBy }
}
