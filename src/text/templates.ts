import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FilterImplOptions, Liquid, type Template } from 'liquidjs'
import { drawDirectly } from './draw-directly.ts'
import type { Messages, MessageValues } from './messages.ts'
import { NO_THEME, type Theme, ThemeFault } from './theme.ts'

const EXTENSION = '.liquid'
const WEB_ADDRESS = /^(?:https?:\/\/[^/\\]|\/(?![/\\]))/i

/** What stands for values that nobody knows any more, such as the name of an application that is gone. */
const UNTOLD: MessageValues = { app: '', address: '', method: '' }

const NO_VALUES: MessageValues = {}

/** What every template sees besides its props. */
interface Globals {
  locale: string
  dir: 'ltr' | 'rtl'
  assets: Readonly<Record<string, string>>
  /** Colours for mails, which no style sheet reaches. */
  colours: Theme['colours']
}

export interface Templates {
  /** Draws `<name>.liquid`. HTML escapes every output; `.txt` files are plain text. Missing variables throw. */
  render(name: string, props: object, globals: Globals): string
}

export interface TemplateDeps {
  dir: string
  messages: Messages
  theme?: Pick<Theme, 'templates'>
  /** Hears of a template of the theme that could not be drawn. */
  onFault?(name: string, error: unknown): void
}

/**
 * Reads every template below `dir`, and those of the theme in their place. A fault in the syntax of the theme's stops the
 * start: `ThemeFault`, all at once. Each is parsed when it is first drawn, and kept. A page that cannot be drawn with the theme's is drawn with ours.
 */
export function createTemplates(deps: TemplateDeps): Templates {
  const { dir, messages, theme = NO_THEME, onFault } = deps
  const own = readSources(dir)
  const plain = drawWith(own, messages)
  if (Object.keys(theme.templates).length === 0) return { render: plain }
  checkSyntax(theme.templates, messages)
  const themed = drawWith({ ...own, ...theme.templates }, messages)
  return {
    render(name, props, globals) {
      try {
        return themed(name, props, globals)
      } catch (error) {
        onFault?.(name, error)
        return plain(name, props, globals)
      }
    },
  }
}

function checkSyntax(templates: Theme['templates'], messages: Messages): void {
  const engine = createEngine({}, messages, true)
  const faults = Object.entries(templates).flatMap(([name, source]) => {
    try {
      engine.parse(source)
      return []
    } catch (error) {
      return [`THEME_DIR: templates/${name}${EXTENSION}: ${(error as Error).message.split('\n')[0]}`]
    }
  })
  if (faults.length > 0) throw new ThemeFault(faults.join('\n'))
}

function drawWith(sources: Record<string, string>, messages: Messages): Templates['render'] {
  const html = createEngine(sources, messages, true)
  const text = createEngine(sources, messages, false)
  const engineOf = (name: string) => (name.endsWith('.txt') ? text : html)
  const parsed = new Map<string, Template[]>()
  const parse = (name: string) => {
    if (!Object.hasOwn(sources, name)) throw new Error(`no template ${name}`)
    const template = engineOf(name).parseFileSync(name)
    parsed.set(name, template)
    return template
  }
  return (name, props, globals) => {
    const template = parsed.get(name) ?? parse(name)
    // Words of the template language, such as `empty`, cannot name a variable: `props.empty` can.
    return String(engineOf(name).renderSync(template, { ...props, props }, { globals }))
  }
}

// Templates by name: the path below `dir` without the extension.
function readSources(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(EXTENSION))
  return Object.fromEntries(
    files.map((file) => [file.slice(0, -EXTENSION.length).replaceAll('\\', '/'), readFileSync(join(dir, file), 'utf8')]),
  )
}

// Only files of the folder can be included; nothing in a template runs code, and no inherited property is seen.
function createEngine(sources: Record<string, string>, messages: Messages, escaping: boolean): Liquid {
  const engine = new Liquid({
    templates: sources,
    cache: true,
    strictVariables: true,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    ...(escaping ? { outputEscape: 'escape' as const } : {}),
  })
  for (const [name, filter] of Object.entries(filters(messages))) engine.registerFilter(name, filter)
  drawDirectly(engine)
  return engine
}

/**
 * The filters of ours: `t` (a message as text), `rich` (a message as HTML, itself escaped), `told` (the same, of a
 * record of values), `time`, `day`, `stamp` (both), `moment` (`time` of today, `stamp` of other days), `lately` (`time` of today, else `day`), `minutes_to`, `spaced` and `spelled` (codes), `url` (a web address or nothing), `wrap` (lines of plain text).
 */
function filters(messages: Messages): Record<string, FilterImplOptions> {
  return {
    t(key: string, ...values: unknown[]) {
      return messages.say(key, valuesOf(values), localeOf(this))
    },
    rich: {
      raw: true,
      handler(key: string, ...values: unknown[]) {
        return messages.sayHtml(key, valuesOf(values), localeOf(this))
      },
    },
    told: {
      raw: true,
      handler(key: string, values: MessageValues) {
        return messages.sayHtml(key, { ...UNTOLD, ...values }, localeOf(this))
      },
    },
    time(at: Date) {
      return messages.time(at, localeOf(this))
    },
    day(at: Date) {
      return messages.day(at, localeOf(this))
    },
    stamp(at: Date | string) {
      const known = new Date(at)
      return Number.isNaN(known.getTime()) ? '' : messages.stamp(known, localeOf(this))
    },
    moment(at: Date, now: Date) {
      const locale = localeOf(this)
      return sameDay(at, now) ? messages.time(at, locale) : messages.stamp(at, locale)
    },
    lately(at: Date, now: Date) {
      const locale = localeOf(this)
      return sameDay(at, now) ? messages.time(at, locale) : messages.day(at, locale)
    },
    minutes_to: (from: Date, to: Date) => Math.max(0, Math.floor((to.getTime() - from.getTime()) / 60_000)),
    spaced: (code: string) => groupsOf(code).join(' '),
    spelled: (code: string) =>
      groupsOf(code)
        .map((group) => [...group].join(' '))
        .join(', '),
    url: (address: string) => (WEB_ADDRESS.test(address) ? address : ''),
    wrap: (line: string) => wrapAt(String(line), 72),
  }
}

// In UTC, as all times are told.
function sameDay(one: Date, other: Date): boolean {
  return one.toISOString().slice(0, 10) === other.toISOString().slice(0, 10)
}

function localeOf({ context }: { context: { globals: object } }): string {
  return (context.globals as Globals).locale
}

// A filter's named arguments arrive as pairs.
function valuesOf(pairs: unknown[]): MessageValues {
  if (pairs.length === 0) return NO_VALUES
  const named = pairs.filter((pair): pair is [string, unknown] => Array.isArray(pair) && pair.length === 2)
  return Object.fromEntries(named.map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]))
}

// Six digits read as 3 + 3, twelve characters as 4 + 4 + 4.
function groupsOf(code: string): string[] {
  const bare = code.replace(/[\s-]/g, '')
  return bare.match(bare.length > 8 ? /.{1,4}/gu : /.{1,3}/gu) ?? []
}

function wrapAt(line: string, width: number): string {
  const lines = ['']
  for (const word of line.split(' ')) {
    const last = lines[lines.length - 1] ?? ''
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines.join('\n')
}
