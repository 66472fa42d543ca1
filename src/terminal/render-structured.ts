/** Results for programs, as JSON or YAML: neither holds a character that steers a terminal, but in escapes. */
import { plainJson, plainLine } from '../text/plain-text.ts'

/** What was not set is left out; a Redacted stays `[redacted]`, a Date is RFC 3339. Text without a line end. */
export async function renderStructured(value: unknown, format: 'json' | 'yaml'): Promise<string> {
  const json = JSON.stringify(value, undefined, 2)
  return format === 'json' ? plainJson(json) : await renderYaml(JSON.parse(json))
}

/** YAML 1.2 §5.7: escapes are read within double quotes alone. */
async function renderYaml(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml') // it costs as much as all the rest of a short command
  const document = new Document(value)
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && steers(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return plainJson(document.toString({ lineWidth: 0 })).replace(/\n$/, '')
}

/** A line end steers nothing: a text of many lines is written as one. */
const steers = (text: string) => text.split('\n').some((line) => line !== plainLine(line))
