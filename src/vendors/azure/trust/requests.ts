/**
 * Requests to Azure Resource Manager and Microsoft Graph with the operator's credentials; error responses become errors of the hop trust.
 * https://learn.microsoft.com/rest/api/azure, https://learn.microsoft.com/graph/errors
 */
import type { Context } from '../../../http/context.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import { type ApiRequest, send } from '../../../http/send.ts'
import { asList, asObject, asText } from '../../../text/json-fields.ts'
import { Redacted } from '../../../text/redacted.ts'
import { shellQuote, shellVariable } from '../../../text/shell.ts'
import { configuringTrust, once } from '../../operator.ts'
import { unavailable, withoutSecrets } from '../../trust/responses.ts'
import { armEndpoint, graphEndpoint } from '../endpoints.ts'
import { type CloudName, clouds } from '../names.ts'
import { azureHttpClients } from '../operator/library-transport.ts'
import { operatorToken } from '../operator/sign-in.ts'

export interface AzureConnection {
  readonly context: Context
  readonly cloud: CloudName
  /** Tokens of the operator, who is signed in with the first. @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED, VARIABLE_INVALID */
  readonly token: Readonly<Record<'arm' | 'graph', () => Promise<Redacted>>>
}

export function connectOperator(cloud: CloudName, context: Context): AzureConnection {
  const signedIn = once(async () => {
    const tokens = await operatorTokens(cloud, context)
    await tokens.arm()
    return tokens
  })
  return {
    context,
    cloud,
    token: {
      arm: async () => await (await signedIn()).arm(),
      graph: async () => await (await signedIn()).graph(),
    },
  }
}

async function operatorTokens(cloud: CloudName, context: Context): Promise<AzureConnection['token']> {
  const [identity, pipeline] = await Promise.all([import('@azure/identity'), import('@azure/core-rest-pipeline')])
  const clients = azureHttpClients(pipeline, context, 'trust')
  const tokenFor = (host: string) => {
    const authority = `https://${clouds[cloud].authority}`
    const use = { scope: `https://${host}/.default`, purpose: configuringTrust, authority }
    const granted = operatorToken(identity, clients, context, use)
    return async () => new Redacted((await granted()).token)
  }
  return { arm: tokenFor(clouds[cloud].arm), graph: tokenFor(clouds[cloud].graph) }
}

export interface TrustRequest<T> extends Pick<ApiRequest<T>, 'method' | 'json'> {
  /** With the version of the API. */
  readonly path: string
  readonly read: (body: unknown) => T
}

const statuses = [200, 201, 202, 204]

/** @throws TRUST_DENIED, TRUST_NOT_FOUND, TRUST_CONFLICT, TRUST_REFUSED, TRUST_UNAVAILABLE */
export async function sendArm<T>(azure: AzureConnection, { path, read, ...rest }: TrustRequest<T>): Promise<T> {
  return await send(azure.context, {
    ...rest,
    hop: 'trust',
    service: 'Azure',
    url: `${armEndpoint(azure, azure.context.environment)}${path}`,
    bearer: await azure.token.arm(),
    statuses,
    refusal: armRefusal,
    read: ({ body }) => read(withoutSecrets(body, azure.context.secrets)),
  })
}

/** @throws as sendArm */
export async function sendGraph<T>(azure: AzureConnection, { path, read, ...rest }: TrustRequest<T>): Promise<T> {
  return await send(azure.context, {
    ...rest,
    hop: 'trust',
    service: 'Microsoft Graph',
    url: `${graphEndpoint(azure, azure.context.environment)}/v1.0${path}`,
    bearer: await azure.token.graph(),
    statuses,
    refusal: (status, body) => graphRefusal(status, body, path),
    read: ({ body }) => read(withoutSecrets(body, azure.context.secrets)),
  })
}

/** The items of a list, which has one page: an identity has at most 20 credentials, and a principal few roles on a registry. */
export const itemsOf = (body: unknown): readonly unknown[] => asList(asObject(body)?.['value'])

/** Conflicts with a concurrent write: the run reads the resource again. */
const conflicts = ['ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity', 'RoleAssignmentExists']

function armRefusal(status: number, body: unknown): Refusal | undefined {
  const error = asObject(asObject(body)?.['error'])
  const [code, message] = [asText(error?.['code']), asText(error?.['message'])]
  if (code === undefined || message === undefined) return undefined
  if (status === 403) return denied(message)
  if (status === 404) return { code: 'TRUST_NOT_FOUND', message }
  // A service principal that was just created is not visible everywhere immediately.
  if (code === 'PrincipalNotFound') return { code: 'TRUST_NOT_FOUND', message }
  if (status === 409 || conflicts.includes(code)) return { code: 'TRUST_CONFLICT', message }
  if (/already exists/.test(message)) return { code: 'TRUST_CONFLICT', message }
  if (code === 'RoleAssignmentUpdateNotPermitted') {
    return {
      code: 'TRUST_REFUSED',
      message,
      expected: 'a role assignment of the current principal of the identity',
      hint: 'an identity that was deleted and created again has another principal: remove the role assignment of the former one, and run the command again',
    }
  }
  if (status === 429) return throttled(message)
  return status >= 500 ? unavailable(message) : { code: 'TRUST_REFUSED', message: `${code}: ${message}` }
}

const throttled = (message: string): Refusal => ({
  code: 'QUOTA_EXCEEDED',
  message,
  retryable: true,
  hint: 'no action if this is temporary; run the command again: it continues where it stopped',
})

/** By the start of the action: the narrowest built-in role that allows it. https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const rolesFor: readonly (readonly [start: string, role: string])[] = [
  ['Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/', 'Managed Identity Contributor'],
  ['Microsoft.ManagedIdentity/userAssignedIdentities/read', 'Reader'],
  ['Microsoft.ContainerRegistry/registries/read', 'Reader'],
  ['Microsoft.Authorization/roleAssignments/read', 'Reader'],
  ['Microsoft.Authorization/roleAssignments/', 'Role Based Access Control Administrator'],
]

/** The message of Azure contains the operator, the action and the scope. */
function denied(message: string): Refusal {
  const start = message.slice(0, 2000)
  const [, action] = /perform action '([A-Za-z./]{1,200})'/.exec(start) ?? []
  const [, scope] = /over scope '(\/[A-Za-z0-9/._()-]{1,400})'/.exec(start) ?? []
  const [, operator] = /with object id '([0-9a-fA-F-]{36})'/.exec(start) ?? []
  const [, role] = rolesFor.find(([prefix]) => action?.startsWith(prefix)) ?? []
  if (action === undefined || role === undefined || scope === undefined) return { code: 'TRUST_DENIED', message }
  const resource =
    scope.split(/\/(?:federatedIdentityCredentials|providers\/Microsoft\.Authorization)\//, 1)[0] ?? scope
  const assignee = operator ?? shellVariable('OPERATOR')
  return {
    code: 'TRUST_DENIED',
    message,
    expected: `the operator to have ${action} on ${resource}, which the role ${role} allows`,
    hint: 'assign it, and run the command again: it continues where it stopped',
    command: `az role assignment create --role ${shellQuote(role)} --assignee ${assignee} --scope ${shellQuote(resource)}`,
  }
}

/** `--id` is the id of the application or of its object. https://learn.microsoft.com/cli/azure/ad/app/owner#az-ad-app-owner-add */
function addOwner(path: string): string | undefined {
  const [, id] = /^\/(?:applications|servicePrincipals)(?:\/|\(appId=')([0-9a-fA-F-]{36})/.exec(path) ?? []
  return id === undefined ? undefined : `az ad app owner add --id ${id} --owner-object-id ${shellVariable('OPERATOR')}`
}

function graphRefusal(status: number, body: unknown, path: string): Refusal | undefined {
  const error = asObject(asObject(body)?.['error'])
  const [code, message] = [asText(error?.['code']), asText(error?.['message'])]
  if (code === undefined || message === undefined) return undefined
  if (status === 403) {
    return {
      code: 'TRUST_DENIED',
      message: `${code}: ${message}`,
      expected: 'the operator to own the application, or to have the role Cloud Application Administrator',
      hint: 'run the command as an owner, or add the operator',
      command: addOwner(path),
    }
  }
  if (status === 404) return { code: 'TRUST_NOT_FOUND', message }
  if (status === 409 || code === 'Request_MultipleObjectsWithSameKeyValue') return { code: 'TRUST_CONFLICT', message }
  if (status === 429) return throttled(message)
  return status >= 500 ? unavailable(message) : { code: 'TRUST_REFUSED', message: `${code}: ${message}` }
}
