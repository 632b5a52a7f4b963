import type { OperationName } from '../admin/index.ts'
import type { Door, Input } from './door.ts'
import { isRecord } from './print.ts'

/** A page of a list. */
export interface Page {
  items: Record<string, unknown>[]
  next: string | null
}

/** Whether an output is a list; `next` is missing where there are no pages. */
export function isPage(value: unknown): value is Page {
  return (
    isRecord(value) &&
    Array.isArray(value.items) &&
    (value.next === undefined || value.next === null || typeof value.next === 'string')
  )
}

/** The pages of a list, one after the other, from where `input` begins. */
export async function* pagesOf(door: Door, name: OperationName, input: Input): AsyncGenerator<Page> {
  for (let cursor = input.cursor; ; ) {
    const page = await door.perform(name, cursor === undefined ? input : { ...input, cursor })
    if (!isPage(page)) throw new Error(`${name} answers no list`)
    yield page
    if (!page.next) return
    cursor = page.next
  }
}
