/** Hosts of the public registry of ECR. https://docs.aws.amazon.com/AmazonECR/latest/public/public-registries.html */
import type { HostRule } from '../../document/vendor-hosts.ts'
import { looksLikeAws } from '../aws/partitions.ts'
import type { DraftOf } from '../vendor.ts'

export const publicHosts: readonly string[] = ['public.ecr.aws', 'ecr-public.aws.com']

export const registryHosts: HostRule = {
  accepts: looksLikeAws, // and by the rules between the fields, one of the two
  expected: publicHosts.join(' or '),
}

/** What `pullpass init` writes for such a host. */
export const draft: DraftOf = (host) =>
  host === 'public.ecr.aws'
    ? {
        name: 'ecr-public',
        facts: 'public gallery; authenticated pulls have higher limits',
        fields: [
          {
            name: 'roleArn',
            comment:
              'The IAM role that trusts the cluster, arn:aws:iam::ACCOUNT:role/NAME. pullpass trust apply creates it',
          },
        ],
      }
    : undefined
