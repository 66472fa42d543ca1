/** The repository that an image is in, as Artifact Registry names both. https://cloud.google.com/artifact-registry/docs/docker/names */
import type { ImageReference } from '../../registry/parse-image-reference.ts'

/** `projects/PROJECT/locations/LOCATION/repositories/REPOSITORY`; undefined for an image of another registry. */
export function repositoryOfImage(
  { host, repository }: Pick<ImageReference, 'host' | 'repository'>,
  beside = '',
): string | undefined {
  const location = /^([a-z0-9-]+)-docker\.pkg\.dev$/.exec(host)?.[1] ?? beside.split('/')[3]
  const parts = repository.split('/')
  // A project of a domain is `example.com/project` in an image, `example.com:project` elsewhere.
  const project = parts[0]?.includes('.') ? `${parts.shift() ?? ''}:${parts.shift() ?? ''}` : parts.shift()
  const name = parts.shift()
  if (location === undefined || !project || !name || parts.length === 0) return undefined
  return `projects/${project}/locations/${location}/repositories/${name}`
}
