import type { Profile } from './recorded.ts'

const WIDTH = 1200
const ROW = 17
const TOP = 30
/** What takes less of the whole is not drawn. */
const SHARE_MIN = 0.004
const LETTER = 6.2
/** Nothing to do; and the runtime outside of any function, waiting for a core included, of which there is no more to see. */
const LEFT_OUT = ['(idle)', '(program)']

interface Frame {
  name: string
  place: string
  us: number
  called: Map<string, Frame>
}

/**
 * A flame graph as an SVG of its own: each box is a function, as wide as its share of the time that was spent in
 * functions, with those that it called above it. What is too thin to see is left out; the pointer over a box says the whole name.
 *
 * @param shortPath of a script's address
 */
export function flameGraph(profile: Profile, title: string, shortPath: (url: string) => string): string {
  const root = framesOf(profile, shortPath)
  const boxes: string[] = []
  let rows = 1
  function draw(frame: Frame, x: number, depth: number): void {
    if (frame.us / root.us < SHARE_MIN) return
    rows = Math.max(rows, depth + 1)
    boxes.push(box(frame, root.us, x, depth))
    let at = x
    for (const called of [...frame.called.values()].sort((a, b) => b.us - a.us)) {
      draw(called, at, depth + 1)
      at += (called.us / root.us) * WIDTH
    }
  }
  draw(root, 0, 0)
  const height = TOP + rows * ROW + 6
  // The whole stands at the bottom: boxes are placed from there upwards.
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title"><title id="title">${escaped(title)}</title>`,
    '<style>svg { background: #fff } text { font: 11px ui-monospace, monospace; fill: #1f2328 } rect { stroke: #fff }</style>',
    `<text x="6" y="18">${escaped(title)}: time spent in functions</text>`,
    `<g transform="translate(0 ${height - ROW - 4})">`,
    ...boxes,
    '</g></svg>\n',
  ].join('\n')
}

function framesOf({ nodes, samples, timeDeltas }: Profile, shortPath: (url: string) => string): Frame {
  const own = new Map<number, number>()
  for (const [at, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[at] ?? 0))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const whole: Frame = { name: 'all', place: '', us: 0, called: new Map() }
  function add(id: number, into: Frame): number {
    const node = byId.get(id)
    if (!node || LEFT_OUT.includes(node.callFrame.functionName)) return 0
    const { functionName, url, lineNumber } = node.callFrame
    const place = url ? `${shortPath(url)}:${lineNumber + 1}` : ''
    const name = functionName || '(anonymous)'
    const frame = into.called.get(`${name} ${place}`) ?? { name, place, us: 0, called: new Map() }
    into.called.set(`${name} ${place}`, frame)
    const us = (own.get(id) ?? 0) + (node.children ?? []).reduce((sum, child) => sum + add(child, frame), 0)
    frame.us += us
    return us
  }
  const [first] = nodes
  for (const child of first?.children ?? []) whole.us += add(child, whole)
  return whole
}

function box({ name, place, us }: Frame, total: number, x: number, depth: number): string {
  const width = (us / total) * WIDTH
  const y = -depth * ROW
  const letters = Math.floor((width - 6) / LETTER)
  const text = letters < 3 ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escaped(name.slice(0, letters))}</text>`
  const words = escaped(`${name} ${place} ${((us / total) * 100).toFixed(1)} %`)
  const drawn = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW}" fill="${colourOf(place)}"/>`
  return `<g><title>${words}</title>${drawn}${text}</g>`
}

/** Ours green, the engine blue, the driver yellow, the runtime grey. */
function colourOf(place: string): string {
  if (place.startsWith('src/')) return '#8fd19e'
  if (place.includes('node_modules/oidc-provider/')) return '#9ecbff'
  if (place.includes('node_modules/pg')) return '#ffdf88'
  return place.includes('node_modules/') ? '#ffc4a3' : '#d5dae0'
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
