/** Endpoints of Yandex Cloud's APIs for operators. https://yandex.cloud/docs/api-design-guide/concepts/endpoints */
import type { Environment } from '../../http/context.ts'
import { originVariable } from '../operator.ts'

const variables = {
  iam: 'PULLPASS_YANDEX_IAM_ENDPOINT',
  'container-registry': 'PULLPASS_YANDEX_CONTAINER_REGISTRY_ENDPOINT',
  operation: 'PULLPASS_YANDEX_OPERATION_ENDPOINT',
} as const

/** The subdomain of an API. */
export type Api = keyof typeof variables

/** Origin without a trailing slash. @throws VARIABLE_INVALID */
export const apiEndpoint = (api: Api, environment: Environment): string =>
  originVariable(environment, variables[api], 'no path') ?? `https://${api}.api.cloud.yandex.net`

/** The operator's token is sent to these endpoints. @throws VARIABLE_INVALID */
export function checkEndpoints(environment: Environment): void {
  for (const name of Object.values(variables)) originVariable(environment, name, 'no path')
}
