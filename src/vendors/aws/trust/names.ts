/** Names of resources in plans, and the repositories of images. */
import type { ImageReference } from '../../../registry/image-reference.ts'
import { splitRepositories } from '../names.ts'
import { parseRegistryHost, partitionOfRegion } from '../partitions.ts'
import { matches } from './policies.ts'

/** Of an inline policy. */
export const policyResourceName = (role: string, name: string): string => `${role} policy ${name}`

/**
 * The ARN of an image's repository, which is the path of the image; or `configured` (ARNs separated by commas, possibly with `*`)
 * if one of them contains it. A host outside AWS is a proxy for the configured ones.
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

/** An image in the first of several repositories; a repository is the path of an image. */
export function imageInRepository(repositories: string, image: string): string {
  const [first = ''] = splitRepositories(repositories)
  const name = first.slice(first.indexOf(':repository/') + ':repository/'.length)
  return name.includes('*') ? name.replace('*', image).replaceAll('*', '') : name
}
