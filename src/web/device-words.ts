import type { Context } from 'koa'
import { deviceOf } from '../signin/index.ts'
import type { Text } from '../text/index.ts'

/** Browser and system of a request, in the person's language. */
export function deviceInWords(ctx: Context, text: Pick<Text, 'say'>, locale: string): string {
  const device = deviceOf(ctx.get('user-agent'))
  if (!device) return text.say('device.unknown', {}, locale)
  return device.system ? text.say('device.known', { browser: device.browser, system: device.system }, locale) : device.browser
}
