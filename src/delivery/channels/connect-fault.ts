/** The code of a fault in TLS: a certificate that nobody vouches for, another name, no common version. */
export const TLS_FAULT =
  /CERT|SELF_SIGNED|^ERR_(?:TLS|SSL|OSSL)|^UNABLE_TO_|^HOSTNAME_MISMATCH|^EPROTO$|^INVALID_CA|^INVALID_PURPOSE/

const NEVER_CONNECTED: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect_refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
}

/** The class of a fault that came before anything was sent; null when something may have left. */
export function connectFault(error: unknown): { reason: string; operator: boolean } | null {
  const fault = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown
    syscall?: unknown
    message?: unknown
  }
  const code = String(fault.code ?? '')
  if (TLS_FAULT.test(code)) return { reason: 'tls', operator: true }
  if (code === 'ETIMEDOUT' && (fault.syscall === 'connect' || error instanceof AggregateError)) {
    return { reason: 'timeout', operator: false }
  }
  // Node's own words for a connection that ended in the middle of the handshake.
  if (/before secure TLS connection was established/.test(String(fault.message))) return { reason: 'tls', operator: true }
  const reason = NEVER_CONNECTED[code]
  return reason ? { reason, operator: false } : null
}
