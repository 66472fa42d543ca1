/** Hosts of private registries. https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html */
import type { DraftOf } from '../draft.ts'
import { parseRegistryHost, partitionOfRegion } from './partitions.ts'

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
