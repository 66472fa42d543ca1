/** Azure endpoints, in order of precedence: the document, the environment, the cloud's default. */
import type { Environment } from '../../http/context.ts'
import { originVariable } from '../operator.ts'
import { clouds } from './names.ts'
import type { AzureSettings } from './settings.ts'

const variable = {
  /** Azure's libraries read this variable, and the webhook of Azure Workload Identity sets it in pods. */
  authority: 'AZURE_AUTHORITY_HOST',
  registry: 'PULLPASS_AZURE_REGISTRY_ENDPOINT',
  arm: 'PULLPASS_AZURE_RESOURCE_MANAGER_ENDPOINT',
  graph: 'PULLPASS_AZURE_GRAPH_ENDPOINT',
} as const

export const exchangeVariables: readonly string[] = [variable.authority, variable.registry]

/** The settings of a document that determine an endpoint. */
type EndpointSettings = Pick<AzureSettings, 'cloud' | 'endpoints' | 'registry'>

/**
 * Microsoft Entra. Origin without a trailing slash. The webhook of Azure Workload Identity sets the variable to the cloud of the
 * node: the authority of a Microsoft cloud does not replace that of the registry's cloud. @throws VARIABLE_INVALID
 */
export function authorityEndpoint(
  { cloud, endpoints }: Omit<EndpointSettings, 'registry'>,
  environment: Environment,
): string {
  const named = originVariable(environment, variable.authority, 'no path')
  const isCloud = Object.values(clouds).some(({ authority }) => named === `https://${authority}`)
  return endpoints?.authority ?? (isCloud ? undefined : named) ?? `https://${clouds[cloud].authority}`
}

/** The registry. Origin without a trailing slash. @throws VARIABLE_INVALID */
export const registryEndpoint = ({ registry, endpoints }: EndpointSettings, environment: Environment): string =>
  endpoints?.registry ?? originVariable(environment, variable.registry, 'no path') ?? `https://${registry}`

/** Azure Resource Manager. Origin without a trailing slash. @throws VARIABLE_INVALID */
export const armEndpoint = ({ cloud }: Pick<EndpointSettings, 'cloud'>, environment: Environment): string =>
  originVariable(environment, variable.arm, 'no path') ?? `https://${clouds[cloud].arm}`

/** Microsoft Graph. Origin without a trailing slash. @throws VARIABLE_INVALID */
export const graphEndpoint = ({ cloud }: Pick<EndpointSettings, 'cloud'>, environment: Environment): string =>
  originVariable(environment, variable.graph, 'no path') ?? `https://${clouds[cloud].graph}`

/** Tokens are sent to these endpoints. @throws VARIABLE_INVALID */
export function checkEndpoints(environment: Environment): void {
  for (const name of Object.values(variable)) originVariable(environment, name, 'no path')
}
