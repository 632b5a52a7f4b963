/** A form as a browser without JavaScript would send it. */
export interface Form {
  /** Absolute. */
  action: string
  method: 'GET' | 'POST'
  /** Values that are sent whatever the person types: hidden inputs, prefilled fields, checked boxes. */
  values: Record<string, string>
  /** Names of all fields. */
  fields: readonly string[]
  /** In the form, or elsewhere on the page with a `form` attribute. */
  buttons: readonly { name: string; value: string; action: string | null; text: string }[]
}

/** The forms of a page, in order. */
export function formsOf(html: string, pageUrl: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, attributes = '', content = '']) => {
    const form = attributesOf(attributes)
    const inputs: Record<string, string>[] = [
      ...[...content.matchAll(/<input\b([^>]*)>/gi)].map(([, text = '']) => attributesOf(text)),
      ...[...content.matchAll(/<textarea\b([^>]*)>\n?([^<]*)<\/textarea>/gi)].map(([, text = '', value = '']) => ({
        ...attributesOf(text),
        value: decode(value),
      })),
    ]
    const named = inputs.filter((input) => input.name)
    return {
      action: new URL(form.action || pageUrl, pageUrl).href,
      method: form.method?.toUpperCase() === 'POST' ? 'POST' : 'GET',
      values: Object.fromEntries(named.filter(isSent).map((input) => [input.name ?? '', input.value ?? ''])),
      fields: named.map((input) => input.name ?? ''),
      buttons: [...buttonsIn(content), ...buttonsIn(html).filter(({ form: id }) => id && id === form.id)].map(
        ({ name = '', value = '', formaction, text = '' }) => ({
          name,
          value,
          action: formaction ? new URL(formaction, pageUrl).href : null,
          text,
        }),
      ),
    }
  })
}

function buttonsIn(html: string): Record<string, string>[] {
  const found = html.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/gi)
  return [...found].map(([, attributes = '', inner = '']) => ({ ...attributesOf(attributes), text: textOf(inner) }))
}

/** The visible words of a page, on one line. */
export function textOf(html: string): string {
  const words = html.replace(/<(script|style|head)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ')
  return decode(words).replace(/\s+/g, ' ').trim()
}

function isSent(input: Record<string, string>): boolean {
  if (input.type === 'submit' || input.type === 'button') return false
  return (input.type !== 'checkbox' && input.type !== 'radio') || 'checked' in input
}

function attributesOf(text: string): Record<string, string> {
  const found = text.matchAll(/([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)
  return Object.fromEntries([...found].map(([, name = '', a, b, c]) => [name.toLowerCase(), decode(a ?? b ?? c ?? '')]))
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

function decode(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|[a-z]+);/gi, (whole, name: string) => {
    if (/^#x/i.test(name)) return String.fromCodePoint(Number.parseInt(name.slice(2), 16))
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)))
    return NAMED[name.toLowerCase()] ?? whole
  })
}
