/** A change at Google as a command of gcloud. https://cloud.google.com/sdk/gcloud/reference/iam */
import { shellQuote } from '../../../outside/shell-quote.ts'
import { accountParts } from '../account-parts.ts'
import { setFields } from '../change/set-fields.ts'
import type { CreatedResource, GoogleChange, UpdatedFields } from '../look/google-finding.ts'
import type { WantedGrant } from '../want/wanted-at-google.ts'

export function gcloudCommand(change: GoogleChange): string {
  switch (change.kind) {
    case 'create':
      return create(change.resource)
    case 'undelete':
      return undelete(change)
    case 'update':
      return withKeys(
        [...providers, 'update-oidc', ...providerWords(change.name), ...fieldWords(change.fields)],
        change.fields,
      )
    case 'grant':
      return grant(change.grant)
    default:
      return change satisfies never
  }
}

function undelete(change: Extract<GoogleChange, { kind: 'undelete' }>): string {
  switch (change.resource) {
    case 'pool':
      return command([...pools, 'undelete', ...poolWords(change.name)])
    case 'provider':
      return command([...providers, 'undelete', ...providerWords(change.name)])
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
    return command([...pools, 'create', ...poolWords(resource.name), `--description=${resource.description}`])
  }
  if (resource.kind === 'account') {
    const { id = resource.email, project = '' } = accountParts(resource.email) ?? {}
    const described = ['--display-name=pullpass', `--description=${resource.description}`]
    return command(['iam', 'service-accounts', 'create', id, `--project=${project}`, ...described])
  }
  const { name, description } = resource
  const words = [...providers, 'create-oidc', ...providerWords(name), `--description=${description}`]
  const fields = setFields(resource)
  return withKeys([...words, ...fieldWords(fields)], fields)
}

function poolWords(name: string): string[] {
  const [, project = '', , location = '', , pool = ''] = name.split('/')
  return [pool, `--project=${project}`, `--location=${location}`]
}

function providerWords(name: string): string[] {
  const [, project = '', , location = '', , pool = '', , provider = ''] = name.split('/')
  return [provider, `--project=${project}`, `--location=${location}`, `--workload-identity-pool=${pool}`]
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

/** A list by commas, or by another sign where an item holds one: `gcloud topic escaping`. */
function listOf(items: readonly string[]): string {
  const [first = ''] = items
  if (!first.startsWith('^') && items.every((item) => !item.includes(','))) return items.join(',')
  const sign = [';', '|', '~', '!', '#', ' '].find((one) => items.every((item) => !item.includes(one))) ?? '\u0001'
  return `^${sign}^${items.join(sign)}`
}

/** gcloud takes a JWKS as a file only: the script is the file. One line of JSON never ends a here-document early. */
function withKeys(words: readonly string[], { jwks }: UpdatedFields): string {
  if (jwks === undefined) return command(words)
  if (jwks === '') {
    const keysAlone = words.every((word) => !/^--(issuer-uri|attribute-|allowed-)/.test(word))
    const rest = keysAlone ? '' : `\n${command(words)}`
    return `# gcloud has no flag to take uploaded keys away: pullpass trust apply --replace keys does.${rest}`
  }
  return `${command([...words, '--jwk-json-path=/dev/stdin'])} <<'JWKS'\n${jwks}\nJWKS`
}

/** `--condition=None`: without it gcloud asks where a policy holds conditions. */
function grant({ on, role, member }: WantedGrant): string {
  const granted = [`--role=${role}`, `--member=${member}`, '--condition=None']
  if (on.kind === 'serviceAccount') {
    const project = accountParts(on.email)?.project
    const of = project === undefined ? [] : [`--project=${project}`]
    return command(['iam', 'service-accounts', 'add-iam-policy-binding', on.email, ...of, ...granted])
  }
  const [, project = '', , location = '', , name = ''] = on.name.split('/')
  const of = [`--project=${project}`, `--location=${location}`]
  return command(['artifacts', 'repositories', 'add-iam-policy-binding', name, ...of, ...granted.slice(0, 2)])
}

const command = (words: readonly string[]) => ['gcloud', ...words].map(shellQuote).join(' ')
