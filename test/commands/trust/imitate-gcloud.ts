/**
 * Sends the requests of gcloud for the commands that a plan prints to the sandbox. It refuses what the real gcloud
 * refuses (gcloud-cases.ts tests both). https://cloud.google.com/sdk/gcloud/reference/iam
 */
import assert from 'node:assert/strict'
import { cloudPlatform } from '../../../sandbox/gcp/access-tokens.ts'
import type { SandboxHandler } from '../../../sandbox/serve/handler.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'

type Flags = Readonly<Record<string, string | undefined>>

const parents = ['project', 'location']
const providerParents = [...parents, 'workload-identity-pool']
const providerFields = [
  'issuer-uri',
  'allowed-audiences',
  'attribute-mapping',
  'attribute-condition',
  'jwk-json-path',
  'stdin',
]
const binding = ['role', 'member', 'condition']

interface KnownCommand {
  /** Flags that a full resource name replaces; of a service account, its project. */
  readonly parents: readonly string[]
  readonly flags: readonly string[]
  readonly required?: readonly string[]
}

const known: Readonly<Record<string, KnownCommand>> = {
  'iam workload-identity-pools create': { parents, flags: ['description'] },
  'iam workload-identity-pools undelete': { parents, flags: [] },
  'iam workload-identity-pools describe': { parents, flags: ['format'] },
  'iam workload-identity-pools providers create-oidc': {
    parents: providerParents,
    flags: ['description', ...providerFields],
    required: ['issuer-uri', 'attribute-mapping'],
  },
  'iam workload-identity-pools providers update-oidc': {
    parents: providerParents,
    flags: ['description', ...providerFields],
  },
  'iam workload-identity-pools providers undelete': { parents: providerParents, flags: [] },
  'iam workload-identity-pools providers describe': { parents: providerParents, flags: ['format'] },
  'iam service-accounts create': { parents: ['project'], flags: ['display-name', 'description'] },
  'iam service-accounts undelete': { parents: ['project'], flags: [] },
  'iam service-accounts add-iam-policy-binding': { parents: ['project'], flags: binding },
  'artifacts repositories add-iam-policy-binding': { parents, flags: binding },
}

function checkKnown(command: string, id: string, flags: Flags): void {
  const {
    parents: parentFlags,
    flags: own,
    required = [],
  } = known[command] ?? assert.fail(`unknown: gcloud ${command}`)
  const unknown = Object.keys(flags).filter((flag) => !parentFlags.includes(flag) && !own.includes(flag))
  assert.deepEqual(unknown, [], `unrecognized arguments: ${unknown.map((flag) => `--${flag}`).join(' ')}`)
  assert.doesNotMatch(flags['project'] ?? '', /^\d+$/, "The value of ``--project'' flag was set to Project number")
  for (const flag of required) assert.ok(flags[flag] !== undefined, `argument --${flag}: Must be specified`)
  const missing = id.startsWith('projects/') ? undefined : parentFlags.find((flag) => flags[flag] === undefined)
  assert.equal(missing, undefined, `Failed to find attribute [${missing}]`)
  assert.equal(flags['condition'] ?? 'None', 'None')
  assert.equal(flags['jwk-json-path'], flags['stdin'] === undefined ? undefined : '/dev/stdin')
}

/** `words`: after `gcloud`; `STDIN …` last, where it has standard input. */
export async function imitateGcloud(
  { gcp, clock, gcp: { operator } }: TestSandbox,
  words: readonly string[],
): Promise<void> {
  const isFlag = (word: string) => word.startsWith('--') || word.startsWith('STDIN ')
  const named = words.filter((word) => !isFlag(word))
  const id = named.at(-1) ?? ''
  const flags: Flags = Object.fromEntries(words.filter(isFlag).map(flagOf))
  const expiresAt = new Date(clock.now().getTime() + 3_600_000)
  const token = gcp.grantToken({ member: operator.member, scopes: [cloudPlatform], expiresAt })
  const send = async (handler: SandboxHandler, call: string, body?: object) => {
    const [method = '', target = ''] = call.split(' ')
    const { pathname, searchParams: query } = new URL(target, 'https://google.example.com')
    const headers = { authorization: `Bearer ${token}` }
    const requestBody = Buffer.from(body === undefined ? '' : JSON.stringify(body))
    const { signal } = new AbortController()
    const response = await handler({
      method,
      path: decodeURIComponent(pathname),
      query,
      headers,
      body: requestBody,
      signal,
    })
    assert.equal(response.status, 200, JSON.stringify(response.body))
    return Object(response.body)
  }
  const follow = async (call: string, body: object) => {
    let { name, done } = await send(gcp.iam, call, body)
    while (done !== true) ({ name, done } = await send(gcp.iam, `GET /v1/${name}`))
  }
  const bind = async (handler: SandboxHandler, resource: string, read: string) => {
    const policy = await send(handler, `${read} ${resource}:getIamPolicy?options.requestedPolicyVersion=3`)
    const bindings = [...(policy.bindings ?? []), { role: flags['role'], members: [flags['member']] }]
    await send(handler, `POST ${resource}:setIamPolicy`, { policy: { ...policy, bindings } })
  }
  const { description } = flags
  const command = named.slice(0, -1).join(' ')
  checkKnown(command, id, flags)
  const resource = `/v1/${id}`
  const parent = resource.slice(0, resource.lastIndexOf('/'))
  const own = id.slice(id.lastIndexOf('/') + 1)
  const accounts = `/v1/projects/${flags['project']}/serviceAccounts`
  switch (command) {
    case 'iam workload-identity-pools create':
      return await follow(`POST ${parent}?workloadIdentityPoolId=${own}`, { description })
    case 'iam workload-identity-pools undelete':
    case 'iam workload-identity-pools providers undelete':
      return await follow(`POST ${resource}:undelete`, {})
    case 'iam workload-identity-pools describe':
    case 'iam workload-identity-pools providers describe':
      return void (await send(gcp.iam, `GET ${resource}`))
    case 'iam workload-identity-pools providers create-oidc':
      return await follow(`POST ${parent}?workloadIdentityPoolProviderId=${own}`, { description, ...fieldsOf(flags) })
    case 'iam workload-identity-pools providers update-oidc':
      return await follow(`PATCH ${resource}?updateMask=${masksOf(flags).join(',')}`, fieldsOf(flags))
    case 'iam service-accounts create': {
      const serviceAccount = { displayName: flags['display-name'], description }
      return void (await send(gcp.iam, `POST ${accounts}`, { accountId: id, serviceAccount }))
    }
    case 'iam service-accounts undelete':
      return void (await send(gcp.iam, `POST ${accounts}/${id}:undelete`, {}))
    case 'iam service-accounts add-iam-policy-binding':
      return await bind(gcp.iam, `${accounts}/${id}`, 'POST')
    case 'artifacts repositories add-iam-policy-binding':
      return await bind(gcp.artifactRegistry, resource, 'GET')
    default:
      return assert.fail(`this test does not simulate gcloud ${words.join(' ')}`)
  }
}

function flagOf(word: string): [name: string, value: string] {
  if (word.startsWith('STDIN ')) return ['stdin', word.slice('STDIN '.length)]
  const [, name = '', value = ''] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? []
  return [name, value]
}

/** Separated by commas, or by the character between two `^`: `gcloud topic escaping`. */
function listIn(text: string): string[] {
  const [, sign, rest] = /^\^(.)\^(.*)$/s.exec(text) ?? []
  return sign === undefined ? text.split(',') : (rest ?? '').split(sign)
}

/** By flag: the path of its field, and its value parsed from the flag. */
const fields: Readonly<Record<string, readonly [mask: string, read: (text: string) => unknown]>> = {
  description: ['description', String],
  'issuer-uri': ['oidc.issuerUri', String],
  'allowed-audiences': ['oidc.allowedAudiences', listIn],
  stdin: ['oidc.jwksJson', String],
  'attribute-mapping': ['attributeMapping', (text) => Object.fromEntries(listIn(text).map((one) => pairIn(one)))],
  'attribute-condition': ['attributeCondition', String],
}

const pairIn = (text: string): [string, string] => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]

const masksOf = (flags: Flags) => Object.keys(flags).flatMap((flag) => fields[flag]?.[0] ?? [])

function fieldsOf(flags: Flags): object {
  const oidc: Record<string, unknown> = {}
  const others: Record<string, unknown> = {}
  for (const [flag, text = ''] of Object.entries(flags)) {
    const [mask = '', read] = fields[flag] ?? []
    if (mask.startsWith('oidc.')) oidc[mask.slice('oidc.'.length)] = read?.(text)
    else if (read !== undefined) others[mask] = read(text)
  }
  return { ...others, ...(Object.keys(oidc).length > 0 && { oidc }) }
}
