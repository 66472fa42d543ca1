/**
 * Parses an upload into metadata and content of the object.
 * https://cloud.google.com/storage/docs/uploads-downloads, multipart/related as in RFC 2387
 */
import type { SandboxRequest } from '../../serve/handler.ts'
import { readJson } from '../iam/request-fields.ts'

export interface Upload {
  readonly name: string
  readonly contentType: string
  readonly cacheControl?: string
  readonly body: Buffer
}

const defaultType = 'application/octet-stream'

/** Undefined if it is malformed. */
export function readUpload({ query, headers, body }: SandboxRequest): Upload | undefined {
  const type = headers['content-type'] ?? defaultType
  const named = query.get('name') ?? undefined
  const uploadType = query.get('uploadType')
  if (uploadType === 'multipart') return readMultipart(body, type, named)
  if (uploadType !== 'media') throw new Error(`uploadType ${uploadType} is not implemented; use media or multipart`)
  return named === undefined ? undefined : { name: named, contentType: type, body }
}

function readMultipart(body: Buffer, type: string, named: string | undefined): Upload | undefined {
  const boundary = /^multipart\/related\s*;.*\bboundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type)
  const [described, content, ...more] = partsOf(body, boundary?.[1] ?? boundary?.[2] ?? '')
  const metadata = described && readJson(described.content)
  if (!metadata || !content || more.length > 0) return undefined
  const { name = named, contentType = content.type ?? defaultType, cacheControl } = metadata
  if (typeof name !== 'string' || name === '' || typeof contentType !== 'string') return undefined
  if (cacheControl !== undefined && typeof cacheControl !== 'string') return undefined
  return { name, contentType, ...(cacheControl !== undefined && { cacheControl }), body: content.content }
}

interface BodyPart {
  readonly type?: string
  readonly content: Buffer
}

function partsOf(body: Buffer, boundary: string): BodyPart[] {
  if (boundary === '') return []
  const text = body.toString('latin1') // one character per byte, so that binary content is preserved
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`)
  const closed = pieces.at(-1)?.startsWith('--')
  return closed ? pieces.slice(1, -1).map(readPart) : []
}

function readPart(piece: string): BodyPart {
  const [head = '', content = ''] = piece.split(/\r\n\r\n(.*)/s)
  const type = /\r\ncontent-type:\s*([^\r\n]+)/i.exec(head)?.[1]?.trim()
  return { ...(type && { type }), content: Buffer.from(content, 'latin1') }
}
