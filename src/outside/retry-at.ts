/** Retry-After (RFC 9110 §10.2.3): seconds, or a date. */

/** When to ask again, on this machine's clock; undefined where the header is absent or makes no sense. */
export function retryAtOf(header: string | undefined, receivedAt: Date): Date | undefined {
  if (header === undefined || header.length > 64) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return new Date(receivedAt.getTime() + Number(header) * 1000)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : new Date(date)
}
