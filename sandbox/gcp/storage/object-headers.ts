/** The metadata of an object: its resource in JSON, and the headers of its content. */
import { createHash } from 'node:crypto'
import { crc32c, type StoredObject } from './object-store.ts'

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest()

/** https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
export function objectResource(object: StoredObject, origin: string): object {
  const { bucket, name, contentType, cacheControl, bytes, generation, createdAt } = object
  const path = `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    selfLink: origin + path,
    mediaLink: `${origin}/download${path}?generation=${generation}&alt=media`,
    name,
    bucket,
    generation,
    metageneration: '1',
    contentType,
    storageClass: 'STANDARD',
    size: `${bytes.length}`,
    md5Hash: md5(bytes).toString('base64'),
    crc32c: crc32c(bytes),
    etag: Buffer.from(generation).toString('base64'),
    timeCreated: createdAt.toISOString(),
    updated: createdAt.toISOString(),
    ...(cacheControl !== undefined && { cacheControl }),
  }
}

/** `readers`: by default, public objects may be cached for an hour. */
export function objectHeaders(object: StoredObject, readers: 'public' | 'private'): Record<string, string> {
  const { contentType, cacheControl, bytes, generation, createdAt } = object
  const defaultCacheControl = readers === 'public' ? 'public, max-age=3600' : 'private, max-age=0'
  return {
    'content-type': contentType,
    'cache-control': cacheControl ?? defaultCacheControl,
    etag: `"${md5(bytes).toString('hex')}"`,
    'last-modified': createdAt.toUTCString(),
    'x-goog-generation': generation,
    'x-goog-metageneration': '1',
    'x-goog-hash': `crc32c=${crc32c(bytes)},md5=${md5(bytes).toString('base64')}`,
    'x-goog-storage-class': 'STANDARD',
    'x-goog-stored-content-encoding': 'identity',
    'x-goog-stored-content-length': `${bytes.length}`,
  }
}

// Preconditions by generation. https://cloud.google.com/storage/docs/request-preconditions

/** Evaluates them for the current object; generation 0 means that it does not exist. */
export function preconditions(
  query: URLSearchParams,
  object: StoredObject | undefined,
): 'met' | 'failed' | 'unchanged' {
  const current = object?.generation ?? '0'
  const metageneration = object ? '1' : '0'
  const parameter = (name: string) => query.get(name) ?? undefined
  const matches = [
    [parameter('ifGenerationMatch'), current],
    [parameter('ifMetagenerationMatch'), metageneration],
  ]
  if (matches.some(([expected, found]) => expected !== undefined && expected !== found)) return 'failed'
  return parameter('ifGenerationNotMatch') === current ? 'unchanged' : 'met'
}
