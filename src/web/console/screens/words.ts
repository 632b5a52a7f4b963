import type { Text } from '../../../text/index.ts'

/** Numbers, money and days as the pages of the console write them, in one language. */
export function createWords(text: Pick<Text, 'say'>, locale: string) {
  const region = text.say('locale.dates', {}, locale)
  const plain = new Intl.NumberFormat(region, { maximumFractionDigits: 1 })
  const percent = new Intl.NumberFormat(region, { style: 'percent', maximumFractionDigits: 1 })
  const day = new Intl.DateTimeFormat(region, { day: 'numeric', month: 'short', timeZone: 'UTC' })

  return {
    say: (key: string, values: Readonly<Record<string, string | number>> = {}) => text.say(`console.${key}`, values, locale),
    number: (value: number) => plain.format(value),
    /** Of a share from 0 to 1. */
    percent: (share: number) => percent.format(share),
    money: (micros: number, currency: string) =>
      new Intl.NumberFormat(region, { style: 'currency', currency }).format(micros / 1_000_000),
    /** Of a day such as 2026-11-22. */
    day: (date: string) => day.format(new Date(`${date}T00:00:00Z`)),
  }
}

export type Words = ReturnType<typeof createWords>
