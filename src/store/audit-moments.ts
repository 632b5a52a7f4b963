// Rows of the trail have moments of these years. Only a hand in the database writes others, `infinity` among them, and
// nobody who reads the trail may fail because of them.
const FIRST = `'0001-01-01 00:00:00+00'::timestamptz`
const LAST = `'9999-12-31 23:59:59.999+00'::timestamptz`

/** SQL: a moment that everybody can read. */
export function momentOf(column: string): string {
  // `least` and `greatest` pass over null.
  return `case when ${column} is not null then least(greatest(${column}, ${FIRST}), ${LAST}) end`
}

/** SQL: the text of `a.at`, in UTC, where it is no moment to be read; else null. */
export const ODD_MOMENT = `case when a.at not between ${FIRST} and ${LAST} then (a.at at time zone 'UTC')::text end`
