/** Renders JSON and YAML without control characters, except as escapes. */
import { plainJson, plainLine } from '../text/plain-text.ts'

/** Undefined members are omitted; a Redacted stays `[redacted]`. Text without a line end. */
export async function renderStructured(value: unknown, format: 'json' | 'yaml'): Promise<string> {
  return format === 'json' ? renderJson(value) : await renderYaml(JSON.parse(JSON.stringify(value)))
}

/** `line`: without line breaks. */
export const renderJson = (value: unknown, layout: 'indented' | 'line' = 'indented'): string =>
  plainJson(JSON.stringify(value, undefined, layout === 'line' ? undefined : 2))

/** YAML 1.2 §5.7: escapes are recognized within double quotes only. */
async function renderYaml(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml') // loading it costs as much as the rest of a short command
  const document = new Document(value)
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && plainLine(node.value) !== node.value) node.type = 'QUOTE_DOUBLE'
    },
  })
  // External text with a line break would begin a line that looks like another member.
  const oneLine = { lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER }
  return plainJson(document.toString(oneLine)).replace(/\n$/, '')
}

/** Objects to be applied, as YAML documents: files in ConfigMaps keep their text. */
export async function renderManifestYaml(items: readonly object[]): Promise<string> {
  const { stringify } = await import('yaml')
  // Not trimmed one by one: a file in a ConfigMap can end in empty lines.
  const documents = items.map((item) => stringify(item, { lineWidth: 0, aliasDuplicateObjects: false }))
  return documents.join('---\n').trimEnd()
}
