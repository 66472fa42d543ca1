/** JSON, read without the YAML library, which costs half as much again as a bare process. RFC 8259. */

/** The value; undefined where the text is no JSON, or an object in it names a field twice (RFC 8259 §4). */
export function parseJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // not JSON: the YAML parser says where and why
  }
  return countFields(value) === countWrittenFields(text) ? value : undefined
}

/** JSON.parse keeps the last of two fields of one name, so that they are missing here. */
function countFields(value: unknown): number {
  const open = [value]
  let count = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const items: unknown[] = Object.values(next)
    if (!Array.isArray(next)) count += items.length
    for (const item of items) open.push(item)
  }
  return count
}

/** Of text that is JSON: each colon outside a string ends a field's name. */
function countWrittenFields(text: string): number {
  let count = 0
  let isInside = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isInside && character === '\\') at += 1
    else if (character === '"') isInside = !isInside
    else if (!isInside && character === ':') count += 1
  }
  return count
}
