/** Hosts of private registries of ECR. https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html */
import type { HostRule } from '../../document/vendor-hosts.ts'
import { looksLikeAws } from './partitions.ts'

export const registryHosts: HostRule = {
  accepts: looksLikeAws, // and by the rules between the fields, a registry of their region
  expected: 'a host of ECR: ACCOUNT.dkr.ecr.REGION.amazonaws.com',
}
