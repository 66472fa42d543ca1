/** The code that Node or the system gave an error: `ECONNREFUSED`, `ENOENT`; undefined where it has none. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
