import { join } from 'node:path'
import type { Log } from '../base/index.ts'
import { cleanLine, cleanProps } from './clean.ts'
import { chooseLocale, directionOf } from './locale.ts'
import type { MailName, Mails, Sms, SmsName } from './mails.ts'
import { createMessages, FALLBACK, type MessageValues } from './messages.ts'
import type { AppView } from './parts.ts'
import { createSms } from './sms.ts'
import { createTemplates } from './templates.ts'
import { NO_THEME, type Theme } from './theme.ts'
import type { ViewName, Views } from './views.ts'

/** All that is said to people. `locale` is always one of `locales`; any other value is answered in the first. */
export interface Text {
  /** A whole HTML page. */
  page<N extends ViewName>(name: N, props: Views[N], locale: string): string
  /** One mail in its three parts. The subject is one line and never holds a code. */
  mail<N extends MailName>(name: N, props: Mails[N], locale: string): { subject: string; text: string; html: string }
  /** One text message of at most 160 GSM-7 characters; see `Sms`. */
  sms<N extends SmsName>(name: N, props: Sms[N], locale: string): string
  /** One sentence of the catalogue (views/locales), for the few that stand outside pages. An unknown key throws. */
  say(key: string, values: MessageValues, locale: string): string
  /** Languages on offer; the first is the fallback. */
  locales: readonly string[]
  /** The language for a request's `ui_locales` and Accept-Language (RFC 4647 §3.4); always one of `locales`. */
  chooseLocale(uiLocales: string | undefined, acceptLanguage: string | undefined): string
}

export interface TextDeps {
  viewsDir: string
  assets: Readonly<Record<string, string>>
  theme?: Theme
  log?: Pick<Log, 'warn'>
}

/**
 * Reads and parses everything below `viewsDir` once; afterwards nothing is read from disk.
 * `assets` maps a file name of views/assets to its URL: `{ 'app.css': '/assets/app-1a2b3c.css' }`.
 */
export function createText(deps: TextDeps): Text {
  const { theme = NO_THEME } = deps
  const messages = createMessages(join(deps.viewsDir, 'locales'), theme.words)
  const templates = createTemplates({
    ...{ dir: deps.viewsDir, messages, theme },
    onFault: (template, err) => deps.log?.warn({ template, err }, 'a page cannot be drawn with the theme; ours stands in'),
  })
  const drawText = createSms(messages)
  const fallback = messages.locales[0] ?? FALLBACK
  for (const locale of messages.locales) {
    const missing = messages.missing(locale)
    if (missing.length > 0) deps.log?.warn({ locale, missing }, 'a language lacks sentences; English stands in')
  }

  function draw(name: string, props: object, asked: string): string {
    const locale = known(asked)
    return templates.render(name, props, { locale, dir: directionOf(locale), assets: deps.assets, colours: theme.colours })
  }

  function known(locale: string): string {
    return messages.locales.includes(locale) ? locale : fallback
  }

  // What is sent in the name of this service, not of an application.
  function ourselves(locale: string): AppView {
    const name = messages.say('brand', {}, locale)
    return { name, letter: [...name][0] ?? '' }
  }

  return {
    page: (name, props, locale) => draw(name, cleanProps(props) as object, locale),
    mail(name, props, locale) {
      const app = ('app' in props && props.app) || ourselves(known(locale))
      const clean = cleanProps({ ...props, app }) as object
      const subject = 'kind' in props ? `notice.${props.kind}.subject` : `mail.${name}.subject`
      return {
        subject: cleanLine(messages.say(subject, { app: cleanLine(app.name) }, known(locale))),
        text: draw(`mail/${name}.txt`, clean, locale),
        html: draw(`mail/${name}.html`, clean, locale),
      }
    },
    sms: (name, props, locale) => drawText(name, props, known(locale)),
    say: (key, values, locale) => messages.say(key, values, known(locale)),
    locales: messages.locales,
    chooseLocale: (uiLocales, acceptLanguage) => chooseLocale(messages.locales, fallback, uiLocales, acceptLanguage),
  }
}
