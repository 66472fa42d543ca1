/** Alibaba Cloud's endpoints, in order of precedence: the document, the environment, the default. https://api.alibabacloud.com/product/Ram */
import type { Environment } from '../../http/context.ts'
import { originVariable } from '../operator.ts'
import type { AlibabaSettings } from './settings.ts'

const variables = {
  sts: 'PULLPASS_ALIBABA_STS_ENDPOINT',
  cr: 'PULLPASS_ALIBABA_CR_ENDPOINT',
  ram: 'PULLPASS_ALIBABA_RAM_ENDPOINT',
  ims: 'PULLPASS_ALIBABA_IMS_ENDPOINT',
} as const

export const exchangeVariables: readonly string[] = [variables.sts, variables.cr]

/** Endpoints receive tokens: an invalid URL is an error. @throws VARIABLE_INVALID */
export function checkEndpoints(environment: Environment): void {
  for (const name of Object.values(variables)) originVariable(environment, name, 'no path')
}

/** Origin without a trailing slash. */
export const stsEndpoint = ({ endpoints }: Pick<AlibabaSettings, 'endpoints'>, environment: Environment): string =>
  endpoints?.sts ?? centralEndpoint('sts', environment)

/** Origin without a trailing slash. */
export const crEndpoint = (
  { region, endpoints }: Pick<AlibabaSettings, 'region' | 'endpoints'>,
  environment: Environment,
): string =>
  endpoints?.cr ?? originVariable(environment, variables.cr, 'no path') ?? `https://cr.${region}.aliyuncs.com`

/** Of a service with one endpoint for all regions. Origin without a trailing slash. */
export const centralEndpoint = (service: 'sts' | 'ram' | 'ims', environment: Environment): string =>
  originVariable(environment, variables[service], 'no path') ?? `https://${service}.aliyuncs.com`
