/** The identity with which a pod publishes to S3: an IAM role. https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web-identity.html */
import { posix } from 'node:path'
import type { PublisherIdentity } from '../publisher-identity.ts'
import type { BucketName } from '../store.ts'
import { writeGrant } from './stores/s3.ts'

const roleArn = /^arn:(aws[a-z-]*):iam::[0-9]{12}:role\/[\w+=,.@/-]{1,512}$/
const audience = 'sts.amazonaws.com'

export const publisherIdentity: PublisherIdentity<unknown, string> = {
  parse: (text) => (roleArn.test(text) ? text : undefined),

  podIdentity({ targets, as: arn, subject, folder }) {
    if (arn === undefined) return undefined
    const [, partition = ''] = roleArn.exec(arn) ?? []
    return {
      audience,
      file: 'aws',
      variables: { AWS_ROLE_ARN: arn, AWS_WEB_IDENTITY_TOKEN_FILE: posix.join(folder, 'aws') },
      files: {},
      grants: [
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only store of this vendor
        ...targets.map(({ name }) => writeGrant(name as BucketName, arn, partition)),
        `${arn}: to trust the cluster's issuer for ${subject}, audience ${audience}`,
      ],
    }
  },
}
