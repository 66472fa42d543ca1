/**
 * Trust for the public registry: the OIDC provider and the role of `aws`, which may be the same ones, with a policy for tokens of
 * the public registry. Its images need no permission.
 * https://docs.aws.amazon.com/AmazonECR/latest/public/security_iam_service-with-iam.html
 */
import { publicRegistry } from '../../aws/names.ts'
import { desiredTrust, roleOfCluster } from '../../aws/trust/trust.ts'
import type { TrustSetup } from '../../trust/contract.ts'
import type { AwsPublicSettings } from '../exchange.ts'
import { publicHosts } from '../hosts.ts'

export const trust: TrustSetup<AwsPublicSettings> = {
  ...roleOfCluster,

  repositories: {
    rule: {
      pattern: /^public\.ecr\.aws$/,
      maxLength: publicRegistry.length,
      expected: publicRegistry,
    },
    ofImage: ({ host }, configured) => (publicHosts.includes(host) ? publicRegistry : configured),
    // A repository that exists: https://gallery.ecr.aws/docker/library/busybox. For a tag that does not, the OCI specification
    // requires 404; that this registry complies is not confirmed.
    imageIn: () => 'docker/library/busybox',
  },

  repository: () => publicRegistry,

  withRepository: (settings) => settings,

  admitsPublisher: () => false,

  desired: desiredTrust,
}
