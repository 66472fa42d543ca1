/** The JSON object of a request body; undefined if the body is not an object. */
export function readJson(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined // not JSON
  }
}
