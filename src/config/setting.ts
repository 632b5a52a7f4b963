/** What reading one text answers: the value, or what is wrong with it in words (never the value of a secret). */
export type Parsed<T> = { value: T } | { faults: string[] }

export type Group =
  | 'Service'
  | 'Storage'
  | 'Secrets'
  | 'Mail'
  | 'Text messages'
  | 'People and applications'
  | 'Sign-in'
  | 'Tokens and sessions'
  | 'Limits'

/** How a setting is declared. `Default` is `null` where there is none; then its value may be `null`. */
export interface SettingOptions<Default extends string | null> {
  /** Name of the environment variable. */
  name: string
  group: Group
  /** One line for the manual. */
  help: string
  /** Used when the variable is unset or empty; written as a person would write it. */
  default: Default
  /** What the manual says in place of a default that is worked out. */
  defaultWords?: string
  /** True when trial mode alone can do without it. */
  required?: boolean
  /** What a change reaches, where that is not simply everything after the next start. */
  applies?: string
  /** A value for `.env.example`; never a working secret. */
  example?: string
}

/** One line of the table of settings. */
export interface Setting<T, Default extends string | null = string | null> extends SettingOptions<Default> {
  /** What is written there, in words: `duration`, `whole number` … */
  kind: string
  /** Unit and bounds, in words. */
  unit: string
  /** Secrets may also be read from the file named by `NAME_FILE`, and no fault repeats them. */
  secret: boolean
  parse(text: string): Parsed<T>
}

/** Field name in the configuration → setting. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>

/** The values of a table: a setting without a default may be `null`. */
export type Values<Table extends SettingsTable> = {
  [Field in keyof Table]: Table[Field] extends Setting<infer T, infer Default> ? (null extends Default ? T | null : T) : never
}

/** One thing that is wrong, by the name of the variable. */
export interface Fault {
  name: string
  words: string
}

export interface SettingsSource {
  env: Readonly<Record<string, string | undefined>>
  /** Answers the text of a file, or throws. Only asked for the files of `NAME_FILE`. */
  files(path: string): string
}

/** What was written for a setting; `broken` when a fault has been noted already. */
type Written = { text: string | null } | { broken: true }

/**
 * Reads all settings of a table and collects every fault by name. An empty variable counts as unset. Fields
 * whose text is at fault hold `null`, so that checks across settings can go on.
 */
export function readTable<Table extends SettingsTable>(
  table: Table,
  source: SettingsSource,
): { values: { [Field in keyof Table]: Values<Table>[Field] | null }; faults: Fault[]; given: Set<string> } {
  const faults: Fault[] = []
  const given = new Set<string>()
  const read = ([field, setting]: [string, Setting<unknown>]): [string, unknown] => {
    const written = writtenFor(setting, source, faults)
    if ('broken' in written || written.text !== null) given.add(setting.name)
    const text = 'broken' in written ? null : (written.text ?? setting.default)
    if (text === null) return [field, null]
    const parsed = setting.parse(text)
    if ('value' in parsed) return [field, parsed.value]
    faults.push(...parsed.faults.map((words) => ({ name: setting.name, words })))
    return [field, null]
  }
  const values = Object.fromEntries(Object.entries(table).map(read)) as { [Field in keyof Table]: Values<Table>[Field] | null }
  return { values, faults, given }
}

function writtenFor(setting: Setting<unknown>, { env, files }: SettingsSource, faults: Fault[]): Written {
  const fileName = `${setting.name}_FILE`
  const direct = env[setting.name]?.trim() || null
  const path = env[fileName]?.trim() || null
  if (path === null) return { text: direct }
  const fault = (words: string): Written => {
    faults.push({ name: fileName, words })
    return { broken: true }
  }
  if (!setting.secret) return fault(`only secrets are read from a file; write ${setting.name} itself`)
  if (direct !== null) return fault(`${setting.name} is set too; keep one of the two`)
  try {
    const text = files(path).trim()
    return text === '' ? fault(`the file ${path} is empty`) : { text }
  } catch (error) {
    return fault(`the file ${path} cannot be read${reasonOf(error)}`)
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? ` (${code})` : ''
}
