/** Changes at Azure as commands of az. https://learn.microsoft.com/cli/azure */
import { shellQuote } from '../../../text/shell.ts'
import type { ScriptLine } from '../../trust/contract.ts'
import { resourceParts } from '../names.ts'
import type { DesiredCredential, DesiredIdentity } from './desired.ts'

const command = (words: readonly string[]): string => ['az', ...words].map(shellQuote).join(' ')

/** The command with which an operator creates the identity: pullpass does not create it. */
export function createIdentity({ kind, name }: DesiredIdentity): string {
  if (kind === 'application')
    return 'az ad sp create --id "$(az ad app create --display-name pullpass --query appId --output tsv)"'
  const { subscription, group, name: own } = resourceParts(name)
  return command(['identity', 'create', '--name', own, '--resource-group', group, '--subscription', subscription])
}

interface CredentialCommand {
  readonly verb: 'create' | 'update'
  /** Of an existing one: its name, and for an application its id. */
  readonly existing?: { readonly id: string; readonly name: string } | undefined
}

export function credentialCommand(
  { identity, name, issuer, subject, audience, description }: DesiredCredential,
  { verb, existing }: CredentialCommand,
): string {
  const ownName = existing?.name ?? name
  if (identity.kind === 'application') {
    const parameters = JSON.stringify({ name: ownName, issuer, subject, audiences: [audience], description })
    const which = existing === undefined ? [] : ['--federated-credential-id', existing.id]
    const words = ['--id', identity.clientId, ...which, '--parameters', parameters]
    return command(['ad', 'app', 'federated-credential', verb, ...words])
  }
  const { subscription, group, name: own } = resourceParts(identity.name)
  const place = ['--identity-name', own, '--resource-group', group, '--subscription', subscription]
  const fields = ['--issuer', issuer, '--subject', subject, '--audiences', audience]
  return command(['identity', 'federated-credential', verb, '--name', ownName, ...place, ...fields])
}

export function deleteCredential(
  identity: DesiredIdentity,
  { id, name }: { readonly id: string; readonly name: string },
): string {
  if (identity.kind === 'application')
    return command([
      'ad',
      'app',
      'federated-credential',
      'delete',
      '--id',
      identity.clientId,
      '--federated-credential-id',
      id,
    ])
  const { subscription, group, name: own } = resourceParts(identity.name)
  const place = ['--identity-name', own, '--resource-group', group, '--subscription', subscription]
  return command(['identity', 'federated-credential', 'delete', '--name', name, ...place, '--yes'])
}

/** A role assignment to be written. */
export interface Assignment {
  /** A UUID. */
  readonly name: string
  readonly scope: string
  /** UUID of the role. */
  readonly role: string
  readonly principalId: string
  /** Absent: for all repositories. */
  readonly condition?: string | undefined
  readonly description: string
}

export function createAssignment({ name, scope, role, principalId, condition, description }: Assignment): string {
  const conditional = condition === undefined ? [] : ['--condition', condition, '--condition-version', '2.0']
  const assignee = ['--assignee-object-id', principalId, '--assignee-principal-type', 'ServicePrincipal']
  const place = ['--scope', scope, ...conditional, '--description', description]
  const words = ['--name', name, '--role', role, ...assignee, ...place]
  return command(['role', 'assignment', 'create', ...words])
}

/** az expects the complete assignment in JSON. */
export function updateAssignment({ name, scope, role, principalId, condition, description }: Assignment): string {
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`
  const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${role}`
  const limits = condition === undefined ? {} : { condition, conditionVersion: '2.0' }
  const json = {
    id,
    name,
    scope,
    roleDefinitionId,
    principalId,
    principalType: 'ServicePrincipal',
    description,
    ...limits,
  }
  return command(['role', 'assignment', 'update', '--role-assignment', JSON.stringify(json)])
}

export const scriptLine = (line: string): ScriptLine => ({ functions: [retry], line: `retry ${line}` })

const retry = `# A new identity or credential takes effect after a delay: retry for up to a minute.
retry() {
  for pause in 1 2 4 8 16 30; do
    if "$@"; then return; fi
    sleep "$pause"
  done
  "$@"
}`
