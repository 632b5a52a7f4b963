/** First letters of the first and the last word. */
export function lettersOf(name: string): string {
  const words = name.split(/\s+/u)
  const picked = words.length > 1 ? [words[0], words.at(-1)] : [words[0]]
  return picked
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toUpperCase()
}
