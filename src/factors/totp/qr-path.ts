import { encode } from 'uqr'

/**
 * A text as a QR code (ISO/IEC 18004, error correction M): `size` modules a side, without the margin of four that
 * belongs around it. `path` is for one SVG path with a stroke of width 1: one stroke for each run of dark modules, by
 * column and row of its first one (`M0 0h7M8 0h1`).
 */
export function qrSvgPath(text: string): { size: number; path: string } {
  const { size, data } = encode(text, { ecc: 'M', border: 0 })
  const rows = data.map((row) => row.map((dark) => (dark ? '#' : ' ')).join(''))
  const strokes = rows.flatMap((row, y) => [...row.matchAll(/#+/g)].map((run) => `M${run.index} ${y}h${run[0].length}`))
  return { size, path: strokes.join('') }
}
