/** Names of resources in plans, and repositories by the names of images. */
import type { ImageReference } from '../../../registry/image-reference.ts'
import { splitRepositories } from '../names.ts'
import { parseRegistryHost, partitionOfRegion } from '../partitions.ts'
import { matches } from './policies.ts'

/** Of an inline policy. */
export const policyResourceName = (role: string, name: string): string => `${role} policy ${name}`

/**
 * The repository of an image, which is the image's path: its ARN, or of several that are configured (`configured`, separated by
 * commas, possibly with `*`) all, if one of them contains it. A host outside of AWS is a proxy before those.
 */
export function repositoryOfImage(
  { host, repository }: Pick<ImageReference, 'host' | 'repository'>,
  configured = '',
): string | undefined {
  const [, , , region = '', account = ''] = configured.split(':')
  const place = parseRegistryHost(host) ?? (account === '' ? undefined : { region, account })
  if (place === undefined) return undefined
  const arn = `arn:${partitionOfRegion(place.region).name}:ecr:${place.region}:${place.account}:repository/${repository}`
  return splitRepositories(configured).some((pattern) => matches(pattern, arn)) ? configured : arn
}

/** An image in the first of several repositories: its name is its path. */
export function imageInRepository(repositories: string, image: string): string {
  const [first = ''] = splitRepositories(repositories)
  const name = first.slice(first.indexOf(':repository/') + ':repository/'.length)
  return name.includes('*') ? name.replace('*', image).replaceAll('*', '') : name
}
