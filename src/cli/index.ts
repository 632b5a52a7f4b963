// cli: the command line. One command for each operation of the catalogue, over the REST API or in place, and the commands
// that need the database itself. It reads no environment and no arguments by itself, knows no store, and decides nothing:
// what may be done is said by admin. No tables, no routes.
// Specs: RFC 8252 (sign-in of native applications), RFC 6749 §4.4, RFC 8707, RFC 9457.
export type { CommonOptions } from './connect.ts'
export { CommandFault, type Exit, exits } from './exits.ts'
export { broken, type Finding, look, ok } from './finding.ts'
export type { GrantedAdmin, LocalVerbs, SignInLink } from './local-commands.ts'
export { commandLineManual } from './manual.ts'
export { generatedPages } from './pages.ts'
export { type CommandDeps, runCommandLine } from './program.ts'
export type { Terminal } from './terminal.ts'
export type { AfterRestore, SecretState, UpkeepVerbs } from './upkeep-commands.ts'
