/** One thing that `doctor` looked at. */
export interface Finding {
  /** What was looked at, in one or two words. */
  about: string
  /** `look`: it works, and somebody should look at it. */
  state: 'ok' | 'look' | 'broken'
  /** What was found; never a secret. */
  words: string
  /** What to do about it. */
  todo: string | null
}

export const ok = (about: string, words: string): Finding => ({ about, state: 'ok', words, todo: null })
export const look = (about: string, words: string, todo: string): Finding => ({ about, state: 'look', words, todo })
export const broken = (about: string, words: string, todo: string): Finding => ({ about, state: 'broken', words, todo })
