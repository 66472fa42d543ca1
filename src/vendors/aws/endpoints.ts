/**
 * AWS endpoints, in order of precedence: the document, the environment, the region's default.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
import type { Environment } from '../../http/context.ts'
import { originVariable } from '../operator.ts'
import { partitionOfRegion } from './partitions.ts'
import type { AwsSettings, EndpointType } from './settings.ts'

const variables = {
  sts: 'AWS_ENDPOINT_URL_STS',
  ecr: 'AWS_ENDPOINT_URL_ECR',
  ecrPublic: 'AWS_ENDPOINT_URL_ECR_PUBLIC',
  iam: 'AWS_ENDPOINT_URL_IAM',
} as const
/** For every service whose own variable is not set. */
const general = 'AWS_ENDPOINT_URL'

export const exchangeVariables: readonly string[] = [variables.sts, variables.ecr, variables.ecrPublic, general]

/** Endpoints receive tokens: an invalid URL is an error. @throws VARIABLE_INVALID */
export function checkEndpoints(environment: Environment): void {
  for (const name of [...Object.values(variables), general]) originVariable(environment, name, 'no path')
}

const named = (service: keyof typeof variables, environment: Environment): string | undefined =>
  originVariable(environment, variables[service], 'no path') ?? originVariable(environment, general, 'no path')

type EndpointSettings = Pick<AwsSettings, 'region' | 'stsRegion' | 'endpointType' | 'endpoints'>

const isFips = (type: EndpointType) => type === 'FIPS' || type === 'FIPSDualStack'
const isDualStack = (type: EndpointType) => type === 'DualStack' || type === 'FIPSDualStack'

/** Origin without a trailing slash. */
export function stsEndpoint(settings: EndpointSettings, environment: Environment): string {
  const { region, stsRegion = region, endpointType = 'Standard', endpoints } = settings
  const { suffix, dualStackSuffix, name } = partitionOfRegion(stsRegion)
  // In GovCloud the standard endpoint is a FIPS endpoint.
  const service = isFips(endpointType) && !(name === 'aws-us-gov' && !isDualStack(endpointType)) ? 'sts-fips' : 'sts'
  const host = `${service}.${stsRegion}.${isDualStack(endpointType) ? dualStackSuffix : suffix}`
  return endpoints?.sts ?? named('sts', environment) ?? `https://${host}`
}

/** Origin without a trailing slash. */
export function ecrEndpoint(settings: EndpointSettings, environment: Environment): string {
  const { region, endpointType = 'Standard', endpoints } = settings
  const { suffix, dualStackSuffix } = partitionOfRegion(region)
  const service = isFips(endpointType) ? 'ecr-fips' : 'ecr'
  const host = isDualStack(endpointType)
    ? `${service}.${region}.${dualStackSuffix}`
    : `api.${service}.${region}.${suffix}`
  return endpoints?.ecr ?? named('ecr', environment) ?? `https://${host}`
}

/** The public registry has one region. */
export const publicRegion = 'us-east-1'

/** Origin without a trailing slash. */
export function ecrPublicEndpoint(
  { endpointType = 'Standard', endpoints }: Pick<AwsSettings, 'endpointType' | 'endpoints'>,
  environment: Environment,
): string {
  const host = isDualStack(endpointType)
    ? `ecr-public.${publicRegion}.api.aws`
    : `api.ecr-public.${publicRegion}.amazonaws.com`
  return endpoints?.ecr ?? named('ecrPublic', environment) ?? `https://${host}`
}

/** IAM is global in each partition. */
export function iamEndpoint(partition: string, iamRegion: string, suffix: string, environment: Environment): string {
  const host = partition === 'aws' ? `iam.${suffix}` : `iam.${iamRegion}.${suffix}`
  return named('iam', environment) ?? `https://${host}`
}
