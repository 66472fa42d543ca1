/**
 * Formats of Azure resource names in a document, and the Azure clouds.
 * https://learn.microsoft.com/azure/container-registry/container-registry-concepts
 */
import type { TextRule } from '../../document/field-rules.ts'

export interface Cloud {
  /** Host of Microsoft Entra, where identities sign in. */
  readonly authority: string
  /** Azure Resource Manager. */
  readonly arm: string
  /** Microsoft Graph. */
  readonly graph: string
  /** Of login servers: `NAME.azurecr.io`. */
  readonly registrySuffix: string
  /** The default audience of the subject token. A federated credential can have another one. */
  readonly audience: string
  /** The name of the cloud in `az cloud set`. */
  readonly azName: string
}

export const cloudNames = ['Public', 'USGovernment', 'China', 'Bleu'] as const
export type CloudName = (typeof cloudNames)[number]

/** https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud */
export const clouds: Readonly<Record<CloudName, Cloud>> = {
  Public: {
    authority: 'login.microsoftonline.com',
    arm: 'management.azure.com',
    graph: 'graph.microsoft.com',
    registrySuffix: 'azurecr.io',
    audience: 'api://AzureADTokenExchange',
    azName: 'AzureCloud',
  },
  USGovernment: {
    authority: 'login.microsoftonline.us',
    arm: 'management.usgovcloudapi.net',
    graph: 'graph.microsoft.us',
    registrySuffix: 'azurecr.us',
    audience: 'api://AzureADTokenExchangeUSGov',
    azName: 'AzureUSGovernment',
  },
  China: {
    authority: 'login.chinacloudapi.cn',
    arm: 'management.chinacloudapi.cn',
    graph: 'microsoftgraph.chinacloudapi.cn',
    registrySuffix: 'azurecr.cn',
    audience: 'api://AzureADTokenExchangeChina',
    azName: 'AzureChinaCloud',
  },
  // No audience is documented for this cloud: the federated credential and the document must have the same one.
  Bleu: {
    authority: 'login.sovcloud-identity.fr',
    arm: 'management.sovcloud-api.fr',
    graph: 'graph.svc.sovcloud.fr',
    registrySuffix: 'azurecr.sovcloud-azure.fr',
    audience: 'api://AzureADTokenExchange',
    azName: 'AzureBleuCloud',
  },
}

/** Of Microsoft Entra and of registries, in all clouds. */
export const endpointDomains: readonly string[] = Object.values(clouds).flatMap(({ authority, registrySuffix }) => [
  authority,
  registrySuffix,
])

/** Of a login server, by its suffix; undefined for another host. */
export const cloudOf = (loginServer: string): CloudName | undefined =>
  cloudNames.find((name) => loginServer.endsWith(`.${clouds[name].registrySuffix}`))

const suffixes = String.raw`azurecr\.(?:io|us|cn|sovcloud-azure\.fr)`
const dataEndpoint = new RegExp(`^([a-z0-9-]+)\\.[a-z0-9]+\\.data\\.(${suffixes})$`)

/** A name of 5 to 50 letters and digits, with a hash that Azure appends if the registry has a domain name label. */
export const loginServer: TextRule = {
  pattern: new RegExp(`^[a-z0-9]{5,50}(?:-[a-z0-9]{1,32})?\\.${suffixes}$`),
  maxLength: 120,
  expected: 'the login server of a registry, such as example.azurecr.io',
  knownMistake: (text) => {
    const [, name, suffix] = dataEndpoint.exec(text) ?? []
    if (name !== undefined) return `the login server, ${name}.${suffix}: a data endpoint needs no credential`
    return /^https?:\/\//.test(text) ? 'the login server without a scheme, such as example.azurecr.io' : undefined
  },
}

const uuid = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'

/** `TENANT_ID/CLIENT_ID` */
export const application: RegExp = new RegExp(`^(?<tenantId>${uuid})/(?<clientId>${uuid})$`)

export const isUuid = (text: string): boolean => new RegExp(`^${uuid}$`).test(text)

export const tenantId: TextRule = {
  pattern: new RegExp(`^(?:${uuid}|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)$`),
  maxLength: 253,
  expected: 'the id of a tenant (a UUID), or one of its domains: az account show --query tenantId',
}

export const clientId: TextRule = {
  pattern: new RegExp(`^${uuid}$`),
  maxLength: 36,
  expected: 'the client id of an application or a managed identity, a UUID',
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests */
export const repositoryName: TextRule = {
  pattern: /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/,
  maxLength: 255,
  expected: 'the name of a repository in the registry, such as team/app',
}

// Resource ids of Azure Resource Manager are case-insensitive.

const subscription = `/subscriptions/${uuid}/resourceGroups/[A-Za-z0-9._()-]{1,90}/providers`

export const registryId: TextRule = {
  pattern: new RegExp(`^${subscription}/Microsoft\\.ContainerRegistry/registries/[A-Za-z0-9]{5,50}$`),
  maxLength: 300,
  expected:
    '/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.ContainerRegistry/registries/NAME: az acr show --name NAME --query id',
}

/** A registry, optionally with some of its repositories: the format of --repository. */
export const registryRepositories: TextRule = {
  pattern: new RegExp(
    `^${subscription}/Microsoft\\.ContainerRegistry/registries/[A-Za-z0-9]{5,50}(?:/repositories/[a-z0-9._/,-]+)?$`,
  ),
  maxLength: 16_384,
  expected: `${registryId.expected}; and /repositories/NAME,NAME for some of its repositories`,
}

export const managedIdentityId: TextRule = {
  pattern: new RegExp(
    `^${subscription}/Microsoft\\.ManagedIdentity/userAssignedIdentities/[A-Za-z0-9][A-Za-z0-9_-]{2,127}$`,
  ),
  maxLength: 400,
  expected:
    '/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME: az identity show --query id',
}

export interface ResourceName {
  readonly subscription: string
  readonly group: string
  readonly name: string
}

/** `id` is valid according to one of the rules above. */
export function resourceParts(id: string): ResourceName {
  const [, , subscriptionId = '', , group = '', , , , name = ''] = id.split('/')
  return { subscription: subscriptionId, group, name }
}
