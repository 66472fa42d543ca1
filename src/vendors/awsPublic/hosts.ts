/** Hosts of the public registry of ECR. https://docs.aws.amazon.com/AmazonECR/latest/public/public-registries.html */
import type { HostRule } from '../../document/vendor-hosts.ts'
import { looksLikeAws } from '../aws/partitions.ts'

export const publicHosts: readonly string[] = ['public.ecr.aws', 'ecr-public.aws.com']

export const registryHosts: HostRule = {
  accepts: looksLikeAws, // and by the rules between the fields, one of the two
  expected: publicHosts.join(' or '),
}
