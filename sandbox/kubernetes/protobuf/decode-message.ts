/** Decodes Protocol Buffers to JSON, by a description of the message.
 *  https://protobuf.dev/programming-guides/encoding/ */

type FieldKind =
  | 'string'
  | 'bytes'
  | 'integer'
  | 'boolean'
  | { readonly message: MessageShape }
  | { readonly mapOf: 'string' | 'bytes' }
  | { readonly list: 'string' | MessageShape }

/** Fields by number. */
export type MessageShape = Readonly<Record<number, readonly [name: string, kind: FieldKind]>>

/** Unknown fields are ignored. @throws RangeError for bytes that are not a message */
export function decodeMessage(shape: MessageShape, bytes: Buffer): Record<string, unknown> {
  const decoded: Record<string, unknown> = {}
  for (const { number, value } of readFields(bytes)) {
    const [name, kind] = shape[number] ?? []
    if (name && kind) decoded[name] = decodeField(kind, value, decoded[name])
  }
  return decoded
}

function decodeField(kind: FieldKind, value: number | Buffer, before: unknown): unknown {
  if (typeof kind === 'object' && 'list' in kind) {
    const item = kind.list === 'string' ? decodeValue('string', value) : decodeValue({ message: kind.list }, value)
    return [...(Array.isArray(before) ? before : []), item]
  }
  if (typeof kind === 'object' && 'mapOf' in kind) {
    const entry = decodeMessage({ 1: ['key', 'string'], 2: ['value', kind.mapOf] }, asBytes(value))
    return {
      ...(typeof before === 'object' ? before : {}),
      [typeof entry['key'] === 'string' ? entry['key'] : '']: entry['value'] ?? '',
    }
  }
  return decodeValue(kind, value)
}

function decodeValue(
  kind: 'string' | 'bytes' | 'integer' | 'boolean' | { message: MessageShape },
  value: number | Buffer,
) {
  switch (kind) {
    case 'string':
      return asBytes(value).toString()
    case 'bytes':
      return asBytes(value).toString('base64')
    case 'integer':
      return value
    case 'boolean':
      return value === 1
    default:
      return decodeMessage(kind.message, asBytes(value))
  }
}

function asBytes(value: number | Buffer): Buffer {
  if (typeof value === 'number') throw new RangeError('expected bytes, got a number')
  return value
}

interface WireField {
  readonly number: number
  readonly value: number | Buffer
}

function* readFields(bytes: Buffer): Generator<WireField> {
  let at = 0
  while (at < bytes.length) {
    const tag = readVarint()
    const number = Math.floor(tag / 8)
    const wireType = tag % 8
    if (wireType === 0) yield { number, value: readVarint() }
    else if (wireType === 2) yield { number, value: take(readVarint()) }
    else if (wireType === 1) take(8)
    else if (wireType === 5) take(4)
    else throw new RangeError(`wire type ${wireType} is not known`)
  }

  function readVarint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = take(1)[0] ?? 0
      value += (byte % 128) * scale
      if (byte < 128) return value
    }
    throw new RangeError('the varint is too long')
  }

  function take(length: number): Buffer {
    if (at + length > bytes.length) throw new RangeError('the message ends within a field')
    at += length
    return bytes.subarray(at - length, at)
  }
}
