/** The host of the public gallery. https://docs.aws.amazon.com/AmazonECR/latest/public/public-registries.html */
import type { DraftOf } from '../draft.ts'

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
