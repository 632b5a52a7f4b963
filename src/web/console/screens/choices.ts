import type { Choice } from '../../../text/index.ts'

/** The entries of a list to filter by, the first of which takes all; `chosen` is what the query says. */
export function choicesOf(values: readonly string[], chosen: string | undefined): Choice[] {
  return [
    { value: '', key: 'any', chosen: chosen === undefined },
    ...values.map((value) => ({ value, key: value, chosen: value === chosen })),
  ]
}

/** What the query names, where it is one of these. */
export function chosenOf<V extends string>(values: readonly V[], given: string): V | undefined {
  return values.find((value) => value === given)
}
