/** Results for programs, as JSON or YAML. */
import { plainJson } from '../outside/plain-text.ts'

/** What was not set is left out; a Redacted stays `[redacted]`, a Date is RFC 3339. Text without a line end. */
export async function renderStructured(value: unknown, format: 'json' | 'yaml'): Promise<string> {
  const json = plainJson(JSON.stringify(value, undefined, 2))
  if (format === 'json') return json
  const { stringify } = await import('yaml') // it costs as much as all the rest of a short command
  return stringify(JSON.parse(json), { lineWidth: 0 }).trimEnd()
}
