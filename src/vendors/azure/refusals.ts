/**
 * Maps error responses of Microsoft Entra and of registries to codes and fixes. Entra returns the cause as a number in
 * error_codes; the message of an unknown one is quoted.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Refusal } from '../../http/request-errors.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asList, asObject, asText } from '../../text/json-fields.ts'
import { quote } from '../../text/plain-text.ts'
import { shellQuote, shellVariable } from '../../text/shell.ts'
import { rfc3339 } from '../../text/time.ts'
import { compareToken, showToken } from '../exchange-refusal.ts'
import type { RegistryOf } from '../vendor.ts'
import { resourceParts } from './names.ts'
import type { AzureSettings } from './settings.ts'

interface SignInRequest {
  readonly settings: AzureSettings
  readonly subjectToken: SubjectToken
  /** The audience that pullpass requests. */
  readonly audience: string
}

type Meaning = Omit<Refusal, 'message'>

const apply = 'pullpass trust apply -f FILE creates it; a new one takes effect within minutes'

/** The identity, for messages. */
const identityOf = ({ clientId, trust }: AzureSettings) =>
  trust?.managedIdentityId === undefined
    ? `application ${clientId}`
    : `managed identity ${resourceParts(trust.managedIdentityId).name}`

const listCredentials = ({ clientId, trust }: AzureSettings): string => {
  if (trust?.managedIdentityId === undefined) return `az ad app federated-credential list --id ${clientId}`
  const { subscription, group, name } = resourceParts(trust.managedIdentityId)
  const words = ['--identity-name', name, '--resource-group', group, '--subscription', subscription]
  return `az identity federated-credential list ${words.map(shellQuote).join(' ')}`
}

const keyOf = ({ keyId }: SubjectToken) => (keyId === undefined ? '' : ` ${quote(keyId)}`)

const notPublished = ({ subjectToken }: SignInRequest): Meaning => ({
  code: 'ISSUER_UNREACHABLE',
  expected: `${subjectToken.issuer}/.well-known/openid-configuration and its JWKS, with key${keyOf(subjectToken)}, readable without credentials`,
  hint: "publish the cluster's metadata at its issuer's URL; after a key rotation, publish it again; a revoked key is never published again: configure the API servers to sign with another key",
  retryable: true,
})

const staleToken = ({ subjectToken }: SignInRequest): Meaning => ({
  code: 'TOKEN_STALE',
  expected: `a token that is valid by Entra's clock, for 25 h at most; this one is valid from ${subjectToken.issuedAt === undefined ? 'an unknown time' : rfc3339(subjectToken.issuedAt)} until ${rfc3339(subjectToken.expiresAt)}`,
  hint: 'check the clocks of the cluster and of this machine, and that the token file is renewed (kubelets renew those of projected volumes)',
})

const noIdentity = ({ settings }: SignInRequest): Meaning => ({
  code: 'PROVIDER_NOT_FOUND',
  expected: `an application or managed identity with client id ${settings.clientId} in tenant ${settings.tenantId}`,
  hint: 'correct azure.clientId (the client id, which Azure also calls application id, and not the object id) and azure.tenantId',
  command: `az ad sp show --id ${settings.clientId}`,
})

const throttled: Meaning = {
  code: 'QUOTA_EXCEEDED',
  expected: "sign-ins within Entra's limits for the tenant and the identity",
  hint: 'no action if this is temporary; a run signs in once for each identity, regardless of the number of namespaces and registries',
  retryable: true,
}

const subjectUnknown = ({ settings, subjectToken }: SignInRequest): Meaning => ({
  code: 'CONDITION_REFUSED',
  expected: `a federated credential of ${identityOf(settings)} with issuer ${quote(subjectToken.issuer)} and subject ${quote(subjectToken.subject)}, case-sensitive`,
  hint: `${apply}; compare it with the existing ones`,
  command: listCredentials(settings),
})

const noCredential = ({ settings, subjectToken }: SignInRequest): Meaning => ({
  code: 'PROVIDER_NOT_FOUND',
  expected: `a federated credential of ${identityOf(settings)}, with issuer ${quote(subjectToken.issuer)} and subject ${quote(subjectToken.subject)}; it has none`,
  hint: apply,
})

const noTenant = ({ settings }: SignInRequest): Meaning => ({
  code: 'PROVIDER_NOT_FOUND',
  expected: `a tenant ${settings.tenantId} in cloud ${settings.cloud}`,
  hint: 'correct azure.tenantId; a tenant of another cloud has registries with another suffix',
  command: 'az account show --query tenantId',
})

/** By the number of the cause. */
const causes: ReadonlyMap<number, (request: SignInRequest) => Meaning> = new Map([
  [
    700211,
    ({ settings, subjectToken }) => ({
      code: 'ISSUER_REFUSED',
      expected: `a federated credential of ${identityOf(settings)} with the issuer ${quote(subjectToken.issuer)}, exactly, including a trailing slash`,
      hint: `${apply}; compare it with the existing ones`,
      command: listCredentials(settings),
    }),
  ],
  [
    700212,
    ({ settings, subjectToken, audience }) => ({
      code: 'AUDIENCE_REFUSED',
      expected: `a federated credential with the audience of the token, ${subjectToken.audiences.map(quote).join(', ')}; pullpass requests ${quote(audience)}`,
      hint: 'set the audience of the federated credential to that of the token, or set the audience of the registry to that of the federated credential; compare',
      command: listCredentials(settings),
    }),
  ],
  [700213, subjectUnknown],
  [7002138, subjectUnknown],
  [70021, subjectUnknown],
  [70025, noCredential],
  [7000226, noCredential],
  [7000272, notPublished],
  [501661, notPublished],
  [50166, notPublished],
  [90061, notPublished],
  [
    700027,
    ({ subjectToken }) => ({
      code: 'SIGNATURE_INVALID',
      expected: `the published key${keyOf(subjectToken)} to be the one that the cluster signs with`,
      hint: "publish the cluster's current JWKS",
      command: `pullpass issuer publish --to ${shellVariable('TARGET')}`,
    }),
  ],
  [700024, staleToken],
  [70023, staleToken],
  [700016, noIdentity],
  [90002, noTenant],
  [900023, noTenant],
  [
    50027,
    ({ subjectToken }) => ({
      code: 'EXCHANGE_REFUSED',
      expected: `a JWT that Entra can read, signed with RS256; this one names ${quote(subjectToken.algorithm ?? 'no algorithm')}`,
      ...showToken('Kubernetes signs with the key in --service-account-signing-key-file; check the token'),
    }),
  ],
  [
    500011,
    ({ settings }) => ({
      code: 'EXCHANGE_REFUSED',
      expected: `the service principal of Azure Container Registry, https://containerregistry.azure.net, in tenant ${settings.tenantId}`,
      hint: 'register the resource provider Microsoft.ContainerRegistry in a subscription of the tenant',
      command: 'az provider register --namespace Microsoft.ContainerRegistry',
    }),
  ],
  [
    53003,
    ({ settings }) => ({
      code: 'PERIMETER_DENIED',
      expected: `the tenant's Conditional Access policies to admit ${identityOf(settings)} from the addresses of the cluster`,
      hint: 'request an exception from an administrator of the tenant: the sign-in log names the policy; neither a role nor a pullpass command changes this',
    }),
  ],
  [50196, () => throttled],
  [90055, () => throttled],
])

/** Undefined: not a response of Entra. */
export function entraRefusal(status: number, body: unknown, request: SignInRequest): Refusal | undefined {
  const { error, error_description: description, error_codes: listed } = asObject(body) ?? {}
  const word = asText(error)
  if (word === undefined) return undefined
  const message = firstSentences(asText(description) ?? word)
  if (status === 429) return { ...throttled, message }
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', message, retryable: true }
  const inWords = /^AADSTS(\d{1,9}):/.exec(message)?.[1]
  const numbers = [...asList(listed), Number(inWords)]
  const cause = numbers.flatMap((number) => causes.get(Number(number)) ?? []).at(0)
  return { ...(cause?.(request) ?? unknownCause(request)), message }
}

/** Without the trace (ids and a time) that follows. */
const firstSentences = (description: string) => description.split(/\r?\n| Trace ID: /, 1)[0] ?? ''

const unknownCause = ({ settings }: SignInRequest): Meaning => ({
  code: 'EXCHANGE_REFUSED',
  ...compareToken(`the federated credentials of ${identityOf(settings)}`, listCredentials(settings)),
})

// Error codes of registries are those of the OCI distribution specification.
// https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-login

interface RegistryRequest {
  readonly settings: AzureSettings
  readonly repository?: string
}

const registryNameOf = (registry: string) => registry.split('.')[0] ?? registry

export function registryRefusal(status: number, body: unknown, request: RegistryRequest): Refusal | undefined {
  const first = asObject(asList(asObject(body)?.['errors'])[0])
  const message = asText(first?.['message']) ?? asText(asObject(body)?.['error'])
  if (message === undefined) return undefined
  const { settings } = request
  const network = registryRefusalInWords(message)
  if (network !== undefined) {
    return { ...network, message, command: showNetworkRules(settings.registry) }
  }
  if (status === 429) {
    return {
      code: 'QUOTA_EXCEEDED',
      message,
      expected: `requests within the limits of registry ${settings.registry}`,
      hint: 'no action if this is temporary; a registry of a higher tier has higher limits',
      retryable: true,
    }
  }
  if (status === 401 || status === 403) return { ...denied(request), message }
  if (status === 404) {
    return {
      code: 'EXCHANGE_REFUSED',
      message,
      expected: `${settings.registry} to be the login server of a registry`,
      hint: 'correct hosts or azure.registry',
      command: `az acr show --name ${registryNameOf(settings.registry)} --query loginServer`,
    }
  }
  return undefined
}

const showNetworkRules = (registry: string) =>
  `az acr show --name ${registryNameOf(registry)} --query '[publicNetworkAccess,networkRuleSet]'`

/** Refused by the firewall of the registry, or since its public endpoint is disabled. */
export function registryRefusalInWords(message: string): Refusal | undefined {
  const start = message.slice(0, 1000)
  if (!/is not allowed access|aka\.ms\/acr\/firewall/.test(start)) return undefined
  const address = /client with IP '([0-9a-f.:]{2,45})'/.exec(start)?.[1]
  return {
    code: 'PERIMETER_DENIED',
    message,
    expected: `the network rules of the registry to admit ${address ?? 'the egress addresses of the cluster'}`,
    hint: 'add the address to the rules, or use the private endpoint of the registry; neither a role nor a pullpass command changes this',
  }
}

function denied({ settings, repository }: RegistryRequest): Meaning {
  const { registry, clientId, trust } = settings
  const what = repository === undefined ? registry : `repository ${repository} of ${registry}`
  const scope =
    trust?.registryId === undefined
      ? `"$(az acr show --name ${shellQuote(registryNameOf(registry))} --query id --output tsv)"`
      : shellQuote(trust.registryId)
  return {
    code: 'REGISTRY_DENIED',
    expected: `${identityOf(settings)} to have the role AcrPull on ${what}; in a registry with repository permissions (ABAC), where AcrPull has no effect, Container Registry Repository Reader`,
    hint: 'pullpass trust apply -f FILE assigns it, which takes up to 10 minutes to take effect; compare it with the existing ones',
    command: `az role assignment list --assignee ${clientId} --scope ${scope}`,
  }
}

/** The registry granted a token with fewer actions than requested. */
export function pullDenied(
  { settings }: Pick<RegistryOf<AzureSettings>, 'settings'>,
  repository: string,
  actions: readonly string[],
): PullpassError {
  const allowed = actions.length === 0 ? 'nothing' : actions.map(quote).join(', ')
  return new PullpassError({
    ...denied({ settings, repository }),
    hop: 'exchange/repository',
    seen: `registry ${settings.registry} grants ${allowed} in repository ${repository}; pull was requested`,
  })
}
