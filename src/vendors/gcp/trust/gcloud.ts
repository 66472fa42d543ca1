/**
 * A change at Google as a command of gcloud, and as lines of a script. https://cloud.google.com/sdk/gcloud/reference/iam
 *
 * Pools, providers and repositories have their full resource names: gcloud refuses a project number as --project, and documents
 * contain only the number. The project ID of a service account is part of its address.
 */
import { shellQuote } from '../../../text/shell.ts'
import type { ScriptLine } from '../../trust/contract.ts'
import { accountParts, gcloudAccount } from '../names.ts'
import { setFields } from './apply-change.ts'
import type { DesiredGrant } from './desired-state.ts'
import type { CreatedResource, GcpChange, UpdatedFields } from './finding.ts'

export function gcloudCommand(change: GcpChange): string {
  switch (change.kind) {
    case 'create':
      return create(change.resource)
    case 'undelete':
      return undelete(change)
    case 'update':
      return withKeys([...providers, 'update-oidc', change.name, ...fieldWords(change.fields)], change.fields)
    case 'grant':
      return grant(change.grant)
    default:
      return change satisfies never
  }
}

function undelete(change: Extract<GcpChange, { kind: 'undelete' }>): string {
  switch (change.resource) {
    case 'pool':
      return command([...pools, 'undelete', change.name])
    case 'provider':
      return command([...providers, 'undelete', change.name])
    case 'account': {
      const project = accountParts(change.email)?.project ?? ''
      return command(['iam', 'service-accounts', 'undelete', change.uniqueId, `--project=${project}`])
    }
    default:
      return change satisfies never
  }
}

const pools = ['iam', 'workload-identity-pools']
const providers = [...pools, 'providers']

function create(resource: CreatedResource): string {
  if (resource.kind === 'pool') {
    return command([...pools, 'create', resource.name, `--description=${resource.description}`])
  }
  if (resource.kind === 'account') {
    const { id = resource.email, project = '' } = accountParts(resource.email) ?? {}
    const described = ['--display-name=pullpass', `--description=${resource.description}`]
    return command(['iam', 'service-accounts', 'create', id, `--project=${project}`, ...described])
  }
  const { name, description } = resource
  const words = [...providers, 'create-oidc', name, `--description=${description}`]
  const fields = setFields(resource)
  return withKeys([...words, ...fieldWords(fields)], fields)
}

function fieldWords({ description, issuer, audiences, mapping, condition }: UpdatedFields): string[] {
  const entries = Object.entries(mapping ?? {}).map(([key, expression]) => `${key}=${expression}`)
  return [
    ...(description === undefined ? [] : [`--description=${description}`]),
    ...(issuer === undefined ? [] : [`--issuer-uri=${issuer}`]),
    ...(mapping === undefined ? [] : [`--attribute-mapping=${listOf(entries)}`]),
    ...(audiences === undefined ? [] : [`--allowed-audiences=${listOf(audiences)}`]),
    ...(condition === undefined ? [] : [`--attribute-condition=${condition}`]),
  ]
}

/** A list separated by commas, or by another character if an item contains one: `gcloud topic escaping`. */
function listOf(items: readonly string[]): string {
  const [first = ''] = items
  if (!first.startsWith('^') && items.every((item) => !item.includes(','))) return items.join(',')
  const sign = [';', '|', '~', '!', '#', ' '].find((one) => items.every((item) => !item.includes(one))) ?? '\u0001'
  return `^${sign}^${items.join(sign)}`
}

/** gcloud reads a JWKS only from a file: a here-document, which a line of JSON cannot end. */
function withKeys(words: readonly string[], { jwks }: UpdatedFields): string {
  if (jwks === undefined) return command(words)
  if (jwks === '') {
    const keysAlone = words.every((word) => !/^--(issuer-uri|attribute-|allowed-)/.test(word))
    const rest = keysAlone ? '' : `\n${command(words)}`
    return `# gcloud has no flag that removes uploaded keys; pullpass trust apply --replace keys does.${rest}`
  }
  return `${command([...words, '--jwk-json-path=/dev/stdin'])} <<'JWKS'\n${jwks}\nJWKS`
}

/** `--condition=None`: without it gcloud prompts if a policy has conditions, and fails without a terminal. */
function grant({ on, role, member }: DesiredGrant): string {
  const granted = [`--role=${role}`, `--member=${member}`, '--condition=None']
  if (on.kind === 'repository')
    return command(['artifacts', 'repositories', 'add-iam-policy-binding', on.name, ...granted])
  return command(['iam', 'service-accounts', 'add-iam-policy-binding', ...gcloudAccount(on.email), ...granted])
}

/** gcloud does not wait for its operations, nor until a new member takes effect everywhere. */
export function gcloudScript(change: GcpChange): ScriptLine {
  const line = gcloudCommand(change)
  if (change.kind === 'grant') return { functions: [retry], line: `retry ${line}` }
  const started = startedBy(change)
  if (started === undefined) return { functions: [], line }
  const describe = [...(started.kind === 'pool' ? pools : providers), 'describe', started.name]
  return { functions: [awaitActive], line: `${line}\nawait_active ${describe.map(shellQuote).join(' ')}` }
}

/** The pool or provider that can be used when the operation is complete. */
function startedBy(change: GcpChange): { readonly kind: 'pool' | 'provider'; readonly name: string } | undefined {
  if (change.kind === 'create') return change.resource.kind === 'account' ? undefined : change.resource
  if (change.kind !== 'undelete' || change.resource === 'account') return undefined
  return { kind: change.resource, name: change.name }
}

const awaitActive = `# gcloud returns before a pool or provider can be used: wait for it, for up to a minute.
await_active() {
  for pause in 1 1 2 2 5 5 10 10 20; do
    if [ "$(gcloud "$@" --format='value(state)' 2>/dev/null)" = ACTIVE ]; then return; fi
    sleep "$pause"
  done
  gcloud "$@"
  return 1
}`

const retry = `# A new account or pool does not take effect everywhere immediately: retry, for up to a minute.
retry() {
  for pause in 1 2 4 8 16 30; do
    if "$@"; then return; fi
    sleep "$pause"
  done
  "$@"
}`

const command = (words: readonly string[]) => ['gcloud', ...words].map(shellQuote).join(' ')
