/**
 * Partitions of AWS: separate sets of accounts and regions, each with its own DNS suffixes.
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
 */

export interface Partition {
  /** As in ARNs. */
  readonly name: string
  /** Of endpoints and registries. */
  readonly suffix: string
  /** Of endpoints that also have IPv6 addresses. */
  readonly dualStackSuffix: string
  /** The region of IAM, a global service, in endpoints and signatures. */
  readonly iamRegion: string
}

const partitions: readonly (readonly [prefix: string, partition: Partition])[] = [
  ['cn-', of('aws-cn', 'amazonaws.com.cn', 'api.amazonwebservices.com.cn', 'cn-north-1')],
  ['us-gov-', of('aws-us-gov', 'amazonaws.com', 'api.aws', 'us-gov-west-1')],
  ['us-iso-', of('aws-iso', 'c2s.ic.gov', 'api.aws.ic.gov', 'us-iso-east-1')],
  ['us-isob-', of('aws-iso-b', 'sc2s.sgov.gov', 'api.aws.scloud', 'us-isob-east-1')],
  ['eu-isoe-', of('aws-iso-e', 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk', 'eu-isoe-west-1')],
  ['us-isof-', of('aws-iso-f', 'csp.hci.ic.gov', 'api.aws.hci.ic.gov', 'us-isof-south-1')],
  ['eusc-', of('aws-eusc', 'amazonaws.eu', 'api.amazonwebservices.eu', 'eusc-de-east-1')],
  ['', of('aws', 'amazonaws.com', 'api.aws', 'us-east-1')],
]

function of(name: string, suffix: string, dualStackSuffix: string, iamRegion: string): Partition {
  return { name, suffix, dualStackSuffix, iamRegion }
}

/** By the prefix of the region name; every other region is in the partition aws. */
export function partitionOfRegion(region: string): Partition {
  const [, partition] = partitions.find(([prefix]) => region.startsWith(prefix)) ?? []
  if (partition === undefined) throw new TypeError(`region ${region} has no partition`)
  return partition
}

/** Undefined for an unknown name. */
export const partitionNamed = (name: string): Partition | undefined =>
  partitions.map(([, partition]) => partition).find((partition) => partition.name === name)

const suffixes = [...new Set(partitions.map(([, { suffix }]) => suffix)), 'on.aws', 'on.amazonwebservices.com.cn']

/** Of the endpoints of all partitions. */
export const endpointDomains: readonly string[] = [
  ...new Set(partitions.flatMap(([, { suffix, dualStackSuffix }]) => [suffix, dualStackSuffix])),
]

export interface RegistryHost {
  readonly account: string
  readonly region: string
}

/** A host of ECR: `ACCOUNT.dkr.ecr.REGION.SUFFIX`, its FIPS variant, or the dual-stack `ACCOUNT.dkr-ecr.REGION.on.aws`. */
export function parseRegistryHost(host: string): RegistryHost | undefined {
  const [, account, region, suffix] =
    /^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z]+(?:-[a-z]+)+-[0-9]+)\.([a-z0-9.-]+)$/.exec(host) ?? []
  if (account === undefined || region === undefined || suffix === undefined || !suffixes.includes(suffix))
    return undefined
  const isDualStack = suffix.startsWith('on.')
  const ofPartition = isDualStack ? dualStackRegistrySuffix(region) : partitionOfRegion(region).suffix
  return suffix === ofPartition ? { account, region } : undefined
}

const dualStackRegistrySuffix = (region: string) =>
  region.startsWith('cn-') ? 'on.amazonwebservices.com.cn' : 'on.aws'

const domains = [...suffixes, 'aws', 'aws.com', 'amazonaws', 'amazonwebservices.com']

/** Without port and path. */
export const serverName = (host: string): string => host.split(/[:/]/, 1)[0] ?? ''

/** Whether a host belongs to AWS, or resembles one: it must then be a valid ECR host. */
export const looksLikeAws = (host: string): boolean =>
  /^[0-9]+\.dkr[.-]ecr/.test(host) || domains.some((domain) => host === domain || host.endsWith(`.${domain}`))
