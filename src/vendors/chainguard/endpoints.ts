/** The API of Chainguard for operators. https://edu.chainguard.dev/platform/api/api-v2-tutorial/ */
import type { Environment } from '../../http/context.ts'
import { originVariable } from '../operator.ts'

export const endpointVariable = 'PULLPASS_CHAINGUARD_API_ENDPOINT'

/** Origin without a trailing slash. @throws VARIABLE_INVALID */
export const apiEndpoint = (environment: Environment): string =>
  originVariable(environment, endpointVariable, 'no path') ?? 'https://console-api.enforce.dev'

/** The operator's token is sent there. @throws VARIABLE_INVALID */
export const checkEndpoint = (environment: Environment): void => void apiEndpoint(environment)
