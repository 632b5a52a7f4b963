import type { Command } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** One place where something can be completed: the words that lead there, and what may follow. */
interface Place {
  /** Such as `clients list`; empty at the top. */
  path: string
  words: { word: string; help: string }[]
  /** By option: the values it may have. */
  values: { option: string; choices: readonly string[] }[]
}

/** A script that completes commands, options and their values in a shell. */
export function completionScript(shell: Shell, program: Command): string {
  const places = placesOf(program, [])
  return { bash, zsh, fish }[shell](program.name(), places)
}

function placesOf(command: Command, path: readonly string[], above: Place['values'] = []): Place[] {
  const shown = command.options.filter((option) => !option.hidden && option.long)
  const options = shown.map((option) => ({ word: option.long ?? '', help: option.description }))
  const own = shown.flatMap(({ long, argChoices }) => (long && argChoices ? [{ option: long, choices: argChoices }] : []))
  const argument = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? [])
  const words = [
    ...command.commands.map((sub) => ({ word: sub.name(), help: sub.description() })),
    ...argument.map((word) => ({ word, help: '' })),
    ...options,
  ]
  const values = [...above, ...own]
  const here = { path: path.join(' '), words, values }
  return [here, ...command.commands.flatMap((sub) => placesOf(sub, [...path, sub.name()], values))]
}

// Words are ours alone (names of operations, fields and choices), and still stand in quotes.
const quoted = (text: string) => `'${text.replace(/[^\x20-\x7e]|`/g, '').replaceAll("'", "'\\''")}'`

function bash(name: string, places: readonly Place[]): string {
  return `# bash completion for ${name}: ${name} completion bash > ~/.local/share/bash-completion/completions/${name}
_${name}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path="" part
  for part in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$part" in
      -*) ;;
      *)
        case "$path \${part}" in
          ${either(places)}) path="\${path:+$path }$part" ;;
        esac
        ;;
    esac
  done
  case "$path:$before" in
${places
  .flatMap(({ path, values }) =>
    values.map(
      ({ option, choices }) =>
        `    ${quoted(`${path}:${option}`)}) COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$word")); return ;;`,
    ),
  )
  .join('\n')}
  esac
  case "$path" in
${places
  .map(
    ({ path, words }) =>
      `    ${quoted(path)}) COMPREPLY=($(compgen -W ${quoted(words.map(({ word }) => word).join(' '))} -- "$word")) ;;`,
  )
  .join('\n')}
  esac
}
complete -o default -F _${name} ${name}
`
}

const either = (places: readonly Place[]) =>
  places
    .filter(({ path }) => path !== '')
    .map(({ path }) => quoted(path.includes(' ') ? path : ` ${path}`))
    .join('|')

function zsh(name: string, places: readonly Place[]): string {
  return `#compdef ${name}
# zsh completion for ${name}: ${name} completion zsh > "\${fpath[1]}/_${name}"
_${name}() {
  local curcontext="$curcontext" place="" part
  local -a found
  for part in "\${(@)words[2,CURRENT-1]}"; do
    case "$part" in
      -*) ;;
      *)
        case "$place $part" in
          ${either(places)}) place="\${place:+$place }$part" ;;
        esac
        ;;
    esac
  done
  case "$place:\${words[CURRENT-1]}" in
${places
  .flatMap(({ path, values }) =>
    values.map(
      ({ option, choices }) =>
        `    ${quoted(`${path}:${option}`)}) found=(${choices.map(quoted).join(' ')}); compadd -a found; return ;;`,
    ),
  )
  .join('\n')}
  esac
  case "$place" in
${places
  .map(({ path, words }) => {
    const entries = words.map(({ word, help }) => quoted(`${word}:${help.replaceAll(':', ' ')}`))
    return `    ${quoted(path)}) found=(${entries.join(' ')}); _describe ${quoted(name)} found || _files ;;`
  })
  .join('\n')}
  esac
}
if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

function fish(name: string, places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words, values }) => {
    const condition = quoted(`__${name}_at ${path === '' ? '' : path}`.trim())
    const choices = new Map(values.map((value) => [value.option, value.choices]))
    return words.map(({ word, help }) => {
      const described = help === '' ? '' : ` -d ${quoted(help)}`
      if (!word.startsWith('--')) return `complete -c ${name} -f -n ${condition} -a ${quoted(word)}${described}`
      const some = choices.get(word)
      const values = some ? ` -x -a ${quoted(some.join(' '))}` : ''
      return `complete -c ${name} -n ${condition} -l ${quoted(word.slice(2))}${values}${described}`
    })
  })
  return `# fish completion for ${name}: ${name} completion fish > ~/.config/fish/completions/${name}.fish
function __${name}_at
  set -l known ${places
    .filter(({ path }) => path !== '')
    .map(({ path }) => quoted(path))
    .join(' ')}
  set -l place
  for part in (commandline -opc)[2..]
    string match -q -- '-*' $part; and continue
    set -l next (string join ' ' $place $part)
    contains -- $next $known; and set place $next
  end
  test "$place" = "$argv"
end
${lines.join('\n')}
`
}
