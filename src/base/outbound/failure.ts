/** Why an address of somebody else could not be used. `message` holds nothing of what answered. */
export class OutboundFailed extends Error {
  override name = 'OutboundFailed'
  /** A class, such as `timeout`, `status_500` or `address_not_allowed`; for logs, metrics and administrators. */
  readonly reason: string
  /** Of an answer that was refused for it. */
  readonly status: number | null

  constructor(reason: string, status: number | null = null) {
    super(`an address could not be used: ${reason}`)
    this.reason = reason
    this.status = status
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection_refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'connection_lost',
  EPIPE: 'connection_lost',
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  HPE_HEADER_OVERFLOW: 'too_large',
}

/** The class of an error of Node's own. */
export function reasonOf(error: unknown): string {
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  const known = REASONS[code]
  if (known) return known
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code)) return 'certificate'
  if (/^ERR_(?:SSL|TLS)|^EPROTO/.test(code)) return 'tls'
  return code.startsWith('HPE_') ? 'not_http' : 'failed'
}
