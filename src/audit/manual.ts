import type { DetailKind } from './event-entry.ts'
import { type EventName, events } from './events.ts'

const WORDS: Readonly<Record<DetailKind, string>> = {
  text: 'text',
  number: 'number',
  flag: 'true or false',
  address: 'masked address',
}

/** The page about events, as Markdown: generated from the catalogue, so that it cannot fall behind. */
export function eventsManual(): string {
  return [
    '# Events',
    '',
    'What the service records about what happened. Each event counts in `doorward_events_total{event="…"}` and is one',
    'line in the log. Those marked as kept are also a row of `audit_entry`, written in the transaction of what they',
    'tell. Every event carries, where known: account, client, attempt, request, IP address and device. None holds a',
    'code, a link, a token or a full address.',
    '',
    '| Event | Level | Kept | Detail | Meaning |',
    '| --- | --- | --- | --- | --- |',
    ...(Object.keys(events) as EventName[]).map(row),
    '',
  ].join('\n')
}

function row(name: EventName): string {
  const event: { level: string; kept: boolean; detail: object; optional?: object; help: string } = events[name]
  const fields = [...words(event.detail, ''), ...words(event.optional ?? {}, ', optional')]
  return `| \`${name}\` | ${event.level} | ${event.kept ? 'yes' : 'no'} | ${fields.join('; ') || '–'} | ${event.help} |`
}

function words(fields: object, more: string): string[] {
  return Object.entries(fields).map(([field, kind]) => `\`${field}\` (${WORDS[kind as DetailKind]}${more})`)
}
