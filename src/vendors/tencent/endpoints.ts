/** Tencent Cloud's endpoints, in order of precedence: the document, the environment, the site's default. https://www.tencentcloud.com/document/product/598/32225 */
import type { Environment } from '../../http/context.ts'
import { originVariable } from '../operator.ts'
import type { TencentSettings } from './settings.ts'

const variables = {
  sts: 'PULLPASS_TENCENT_STS_ENDPOINT',
  tcr: 'PULLPASS_TENCENT_TCR_ENDPOINT',
  cam: 'PULLPASS_TENCENT_CAM_ENDPOINT',
} as const

export const exchangeVariables: readonly string[] = [variables.sts, variables.tcr]

/** Endpoints receive tokens: an invalid URL is an error. @throws VARIABLE_INVALID */
export function checkEndpoints(environment: Environment): void {
  for (const name of Object.values(variables)) originVariable(environment, name, 'no path')
}

/** Of an exchange. Origin without a trailing slash. */
export const exchangeEndpoint = (
  service: 'sts' | 'tcr',
  { site, endpoints }: Pick<TencentSettings, 'site' | 'endpoints'>,
  environment: Environment,
): string => endpoints?.[service] ?? siteEndpoint(service, site, environment)

/** Of any request: no document determines where the operator's are sent. Origin without a trailing slash. */
export const siteEndpoint = (
  service: keyof typeof variables,
  site: TencentSettings['site'],
  environment: Environment,
): string => originVariable(environment, variables[service], 'no path') ?? `https://${service}.${site}`
