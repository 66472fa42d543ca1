/** What an operator may do at Azure: actions of Azure Resource Manager, and applications in Microsoft Graph. */

import type { SandboxResponse } from '../serve/handler.ts'
import type { AccessGrant } from './access-tokens.ts'
import { azureError } from './azure-errors.ts'

const operatorActions = [
  'Microsoft.ManagedIdentity/userAssignedIdentities/read',
  'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read',
  'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write',
  'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete',
  'Microsoft.ContainerRegistry/registries/read',
  'Microsoft.Authorization/roleAssignments/read',
  'Microsoft.Authorization/roleAssignments/write',
  'Microsoft.Authorization/roleAssignments/delete',
  'Application.Read',
  'Application.ReadWrite',
] as const

export type OperatorAction = (typeof operatorActions)[number]

export interface Operators {
  /** Allows every action, or those. */
  readonly put: (principalId: string, actions?: readonly OperatorAction[]) => void
  readonly deny: (principalId: string, action: OperatorAction) => void
  /** Undefined where it is allowed. */
  readonly refusal: (
    grant: Pick<AccessGrant, 'principalId' | 'clientId'>,
    action: OperatorAction,
    scope: string,
  ) => SandboxResponse | undefined
}

export function createOperators(): Operators {
  const allowed = new Map<string, Set<OperatorAction>>()
  return {
    put: (principalId, actions = operatorActions) => void allowed.set(principalId, new Set(actions)),
    deny: (principalId, action) => void allowed.get(principalId)?.delete(action),
    refusal({ principalId, clientId }, action, scope) {
      if (allowed.get(principalId)?.has(action)) return undefined
      if (action.startsWith('Application.')) {
        return azureError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')
      }
      return azureError(
        403,
        'AuthorizationFailed',
        `The client '${clientId}' with object id '${principalId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      )
    },
  }
}
