/**
 * Response bodies of AWS query APIs (STS, IAM): XML, or JSON where it is supported and requested, with the same names. The parser accepts
 * only the XML that AWS returns: elements and text after an XML declaration. Document types, comments and CDATA are rejected.
 * https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
 */
import type { BodyFormat } from '../../http/request-errors.ts'
import { asObject, asText, jsonOrNone } from '../../text/json-fields.ts'

export const queryBody: BodyFormat = {
  name: 'JSON or XML',
  decode: (body) => (body.trimStart().startsWith('<') ? parseXml(body) : jsonOrNone(body)),
}

const deepest = 16
const mostElements = 20_000
const declaration = /^\s*<\?xml version="1\.0"(?: encoding="[A-Za-z0-9-]+")?\s*\?>/
/** A tag; the only supported attribute is xmlns. */
const tag = /<(\/?)([A-Za-z][A-Za-z0-9]*)(?:\s+xmlns="[^"<>]*")?\s*(\/?)>/y

interface Element {
  readonly name: string
  readonly children: [name: string, value: unknown][]
  text: string
}

/**
 * An element with child elements becomes an object, or a list if every child is `member`; others become text. Undefined for other XML.
 * @internal
 */
export function parseXml(body: string): unknown {
  const open: Element[] = [{ name: '', children: [], text: '' }]
  let at = declaration.exec(body)?.[0].length ?? 0
  for (let count = 0; at < body.length && count < mostElements; count++) {
    const next = body.indexOf('<', at)
    const text = unescapeXml(body.slice(at, next < 0 ? undefined : next))
    const current = open.at(-1)
    if (text === undefined || current === undefined) return undefined
    current.text += text
    if (next < 0) {
      at = body.length
      break
    }
    tag.lastIndex = next
    const [, closing, name = '', empty] = tag.exec(body) ?? []
    if (name === '' || open.length > deepest) return undefined
    at = tag.lastIndex
    if (closing === '') open.push({ name, children: [], text: '' })
    if (closing === '' && empty === '') continue
    const closed = open.pop()
    const value = closed === undefined ? undefined : contentOf(closed)
    if (closed?.name !== name || value === undefined) return undefined
    open.at(-1)?.children.push([name, value])
  }
  const [root] = open
  return open.length === 1 && at >= body.length && root?.children.length === 1 ? contentOf(root) : undefined
}

/** Undefined for mixed content, and for a name that occurs twice. */
function contentOf({ children, text }: Element): unknown {
  if (children.length === 0) return text
  if (text.trim() !== '') return undefined
  if (children.every(([name]) => name === 'member')) return children.map(([, value]) => value)
  const names = new Set(children.map(([name]) => name))
  return names.size === children.length ? Object.fromEntries(children) : undefined
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const malformedEntity = /&(?!(?:[a-z]{2,4}|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)/

function unescapeXml(text: string): string | undefined {
  if (!text.includes('&')) return text
  if (malformedEntity.test(text)) return undefined
  let isValid = true
  const plain = text.replaceAll(/&(?:([a-z]{2,4})|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));/g, (_, name, decimal, hex) => {
    const point = decimal === undefined ? Number.parseInt(hex ?? '-1', 16) : Number(decimal)
    const character = name === undefined ? codePoint(point) : entities[name]
    isValid &&= character !== undefined
    return character ?? ''
  })
  return isValid ? plain : undefined
}

const codePoint = (point: number) => (point >= 0 && point <= 0x10_ff_ff ? String.fromCodePoint(point) : undefined)

/** Code and message of an error response, in XML or JSON. */
export function queryError(body: unknown): { readonly code: string; readonly message: string } | undefined {
  const error = asObject(asObject(asObject(body)?.['ErrorResponse'])?.['Error'] ?? asObject(body)?.['Error'])
  const code = asText(error?.['Code'])
  return code === undefined ? undefined : { code, message: asText(error?.['Message']) ?? '' }
}
