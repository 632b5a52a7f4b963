import { events } from './events.ts'

/** What an event is, in one English line, and whether it is one to look at; null for one that no catalogue knows. */
export function meaningOf(event: string): { help: string; warn: boolean } | null {
  if (!Object.hasOwn(events, event)) return null
  const { help, level } = events[event as keyof typeof events]
  return { help, warn: level !== 'info' }
}

/** The beginnings that several events share, such as `client.*`. */
export const EVENT_GROUPS: readonly string[] = [...new Set(Object.keys(events).map((name) => `${name.split('.')[0]}.*`))].sort()
