/** The images of the registry, by repository. */
import { digestOf, type Image } from './pack-image.ts'

interface StoredManifest {
  readonly mediaType: string
  readonly digest: string
  readonly bytes: Buffer
}

export interface Repository {
  readonly tags: Set<string>
  /** By tag and by digest. */
  readonly manifests: Map<string, StoredManifest>
  /** By digest. */
  readonly blobs: Map<string, Buffer>
}

export interface ImageStore {
  /** Returns the digest of the manifest. */
  readonly putImage: (repository: string, tag: string, image: Image) => string
  readonly findRepository: (name: string) => Repository | undefined
}

export function createImageStore(): ImageStore {
  const repositories = new Map<string, Repository>()
  return {
    putImage(name, tag, image) {
      const repository = repositories.get(name) ?? { tags: new Set<string>(), manifests: new Map(), blobs: new Map() }
      repositories.set(name, repository)
      const digest = digestOf(image.manifest)
      const manifest = { mediaType: image.mediaType, digest, bytes: image.manifest }
      repository.tags.add(tag)
      repository.manifests.set(tag, manifest).set(digest, manifest)
      for (const blob of image.blobs) repository.blobs.set(digestOf(blob), blob)
      return digest
    },
    findRepository: (name) => repositories.get(name),
  }
}
