import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')
export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Every page that somebody reads. */
export const PAGES: readonly string[] = [
  'README.md',
  'helm/README.md',
  ...globSync(['docs/**/*.md', 'examples/**/*.md', '.github/*.md'], { cwd: ROOT }).sort(),
]

/** One fenced block of a page. */
export interface Block {
  page: string
  line: number
  /** What stands behind the fence, such as `sh`; empty where nothing does. */
  language: string
  text: string
}

const FENCE = /^( *)```(\S*).*\n([\s\S]*?)^ *```$/gm

/** The fenced blocks of a page, in order, without the indentation that a list gives them. */
export function blocksOf(page: string): Block[] {
  const text = textOf(page)
  return [...text.matchAll(FENCE)].map(({ index, 1: indent = '', 2: language = '', 3: inner = '' }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    language,
    text: inner.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trimEnd(),
  }))
}

export const isCommand = ({ language }: Block): boolean => ['sh', 'bash', 'console', 'shell'].includes(language)
export const isScript = ({ language }: Block): boolean => ['js', 'mjs', 'javascript'].includes(language)

export const nameOf = ({ page, line, text }: Block): string => `${page}:${line} ${text.split('\n', 1)[0]}`
