/** The cloud IAM resources that `pullpass trust` creates and verifies. */
import type { Section } from '../explanation.ts'

export const trustSection: Section = {
  title: 'Trust',
  introduction: 'Errors of [`pullpass trust`](trust.md). The next run continues where this one ended.',
  codes: {
    TRUST_CREDENTIALS_MISSING: {
      hops: ['trust'],
      meaning:
        'No credentials of an operator were found, or they are not for the server that a document names. The identity of a pod or node is not used unless it is configured.',
      action: 'Configure one of the sources, as the line `fix` states.',
    },
    TRUST_DENIED: {
      hops: ['trust'],
      meaning:
        'The cloud denies a permission, which the error names with the narrowest role that contains it. Other resources are created.',
      action: 'Grant the role with the command in the line `fix`, and run it again.',
    },
    TRUST_NOT_FOUND: {
      hops: ['trust'],
      meaning: 'A resource that a change depends on was deleted meanwhile, or is new and not available yet.',
      action: 'Run it again. `pullpass trust plan -f FILE` shows what exists.',
    },
    TRUST_REFUSED: {
      hops: ['trust'],
      meaning:
        'An existing resource differs from the document, and is not changed: another issuer or condition, a disabled resource, a repository that does not exist.',
      action: 'Find out what uses it before you pass `--replace`: another cluster may depend on it.',
    },
    TRUST_DOMAIN_SHARED: {
      hops: ['trust'],
      meaning:
        'ServiceAccounts of other clusters are the same principal: at Google the pool has providers of them, at AWS, Alibaba Cloud and Tencent Cloud pullpass created the role for another cluster, at Azure they sign in as the identity too.',
      action:
        'Use a pool, role or identity for each cluster: [several clusters](trust.md#several-clusters). `--share-trust-domain` accepts it.',
    },
    TRUST_CONFLICT: {
      hops: ['trust'],
      meaning: 'Other writers changed the same policy between read and write, eight times.',
      action: 'Find the other writer in the audit log, and run it again.',
    },
    TRUST_POLICY_FULL: {
      hops: ['trust'],
      meaning:
        'A limit of the cloud is reached: 1500 members of a policy at Google, the size of a policy at AWS, Alibaba Cloud or Tencent Cloud, 20 federated credentials of an identity at Azure.',
      action:
        'Remove unused entries. Otherwise use a group or a `principalSet` at Google, another role at AWS (or a higher quota), Alibaba Cloud or Tencent Cloud, another identity at Azure.',
    },
    TRUST_OPERATION_FAILED: {
      hops: ['trust'],
      meaning: 'The cloud accepted the change, but did not complete it.',
      action: 'Run it again.',
    },
    TRUST_OPERATION_UNFINISHED: {
      hops: ['trust'],
      meaning: 'The cloud accepted the change and has not completed it after two minutes.',
      action: 'Run it again.',
    },
    TRUST_UNAVAILABLE: {
      hops: ['trust'],
      meaning: 'The cloud is unavailable or unreachable after several attempts.',
      action:
        'No action if this is temporary: run it again. Otherwise check the DNS, proxy and network rules of this machine.',
    },
    TRUST_UNVERIFIED: {
      hops: ['trust'],
      meaning:
        'All resources exist and a credential was issued, but the registry still denies access at the end of `--timeout`.',
      action:
        'A new grant takes minutes to take effect: run it again. If it remains, check that the hosts of the registry are those of the repository.',
    },
  },
}
