/** A URL as it is shown, in an error and in the log: whom it asks, and for what. */

/** Without a user, and without the query, which may be a signature. */
export function showUrl(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return 'what is no URL'
  const { protocol, host, pathname } = parsed
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}
