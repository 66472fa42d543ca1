/**
 * Packs text files into a one-layer image with valid digests.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
 */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { packTar } from './pack-tar.ts'

export interface Image {
  readonly mediaType: string
  readonly manifest: Buffer
  /** Config and layers. */
  readonly blobs: readonly Buffer[]
}

export const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** The same files result in the same image. */
export function packImage(files: Readonly<Record<string, string>>): Image {
  const layer = packTar(files)
  const compressed = gzipSync(layer)
  const config = jsonBytes({
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = jsonBytes({
    schemaVersion: 2,
    mediaType,
    config: descriptorOf('application/vnd.oci.image.config.v1+json', config),
    layers: [descriptorOf('application/vnd.oci.image.layer.v1.tar+gzip', compressed)],
  })
  return { mediaType, manifest, blobs: [config, compressed] }
}

const descriptorOf = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })

const jsonBytes = (value: object) => Buffer.from(JSON.stringify(value))
