/** For `replace(/\p{Nd}/gu, asciiDigit)`: any decimal digit as ASCII. They stand in runs of ten in Unicode, each from its zero. */
export function asciiDigit(char: string): string {
  const point = char.codePointAt(0) ?? 0
  let zero = point
  while (point - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--
  return String(point - zero)
}
