/** Hosts of private registries of ECR. https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html */
import type { HostRule } from '../../document/vendor-hosts.ts'
import type { DraftOf } from '../vendor.ts'
import { looksLikeAws, parseRegistryHost, partitionOfRegion } from './partitions.ts'

export const registryHosts: HostRule = {
  accepts: looksLikeAws, // and by the rules between the fields, a registry of their region
  expected: 'a host of ECR: ACCOUNT.dkr.ecr.REGION.amazonaws.com',
}

/** What `pullpass init` writes for such a host. */
export const draft: DraftOf = (host) => {
  const found = parseRegistryHost(host)
  if (found === undefined) return undefined
  const { account, region } = found
  return {
    name: 'ecr',
    credential: `${account} ${region}`,
    facts: `account ${account}, region ${region}`,
    fields: [
      {
        name: 'roleArn',
        value: `arn:${partitionOfRegion(region).name}:iam::${account}:role/pullpass`,
        comment: 'The IAM role that may pull. pullpass trust apply creates it',
      },
      { name: 'region', value: region, comment: 'The region of the registry' },
    ],
    trust: [
      'trust:',
      '  repositories:',
      `    - arn:${partitionOfRegion(region).name}:ecr:${region}:${account}:repository/REPOSITORY`,
    ],
  }
}
