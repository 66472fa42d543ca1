/**
 * What gcloud would ask of Google for the commands that a plan prints, asked of the sandbox's: each command and flag that is
 * not known is refused. https://cloud.google.com/sdk/gcloud/reference/iam
 */
import assert from 'node:assert/strict'
import { cloudPlatform } from '../../../sandbox/google/access-tokens.ts'
import type { SandboxHandler } from '../../../sandbox/serve/handler.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'

type Flags = Readonly<Record<string, string | undefined>>

const places = ['project', 'location']
const providerPlaces = [...places, 'workload-identity-pool']
const providerFields = [
  'issuer-uri',
  'allowed-audiences',
  'attribute-mapping',
  'attribute-condition',
  'jwk-json-path',
  'stdin',
]
const binding = ['role', 'member']

/** By command: what may stand beside its name. */
const known: Readonly<Record<string, readonly string[]>> = {
  'iam workload-identity-pools create': [...places, 'description'],
  'iam workload-identity-pools undelete': places,
  'iam workload-identity-pools providers create-oidc': [...providerPlaces, 'description', ...providerFields],
  'iam workload-identity-pools providers update-oidc': [...providerPlaces, 'description', ...providerFields],
  'iam workload-identity-pools providers undelete': providerPlaces,
  'iam service-accounts create': ['project', 'display-name', 'description'],
  'iam service-accounts undelete': ['project'],
  'iam service-accounts add-iam-policy-binding': ['project', ...binding, 'condition'],
  'artifacts repositories add-iam-policy-binding': [...places, ...binding],
}

function checkKnown(command: string, flags: Flags): void {
  const unknown = Object.keys(flags).filter((flag) => known[command]?.includes(flag) !== true)
  assert.deepEqual(unknown, [], `gcloud ${command} knows no such flag`)
  assert.equal(flags['condition'] ?? 'None', 'None')
  assert.equal(flags['jwk-json-path'], flags['stdin'] === undefined ? undefined : '/dev/stdin')
}

/** `words`: after `gcloud`; `STDIN …` last, where it was given something to read. */
export async function imitateGcloud({ google, clock, operator }: TestSandbox, words: readonly string[]): Promise<void> {
  const isFlag = (word: string) => word.startsWith('--') || word.startsWith('STDIN ')
  const named = words.filter((word) => !isFlag(word))
  const id = named.at(-1) ?? ''
  const flags: Flags = Object.fromEntries(words.filter(isFlag).map(flagOf))
  const expiresAt = new Date(clock.now().getTime() + 3_600_000)
  const token = google.grantToken({ member: operator.member, scopes: [cloudPlatform], expiresAt })
  const ask = async (handler: SandboxHandler, call: string, body?: object) => {
    const [method = '', target = ''] = call.split(' ')
    const { pathname, searchParams: query } = new URL(target, 'https://google.example.com')
    const headers = { authorization: `Bearer ${token}` }
    const sent = Buffer.from(body === undefined ? '' : JSON.stringify(body))
    const { signal } = new AbortController()
    const answer = await handler({ method, path: decodeURIComponent(pathname), query, headers, body: sent, signal })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return Object(answer.body)
  }
  const follow = async (call: string, body: object) => {
    let { name, done } = await ask(google.iam, call, body)
    while (done !== true) ({ name, done } = await ask(google.iam, `GET /v1/${name}`))
  }
  const bind = async (handler: SandboxHandler, resource: string, read: string) => {
    const policy = await ask(handler, `${read} ${resource}:getIamPolicy?options.requestedPolicyVersion=3`)
    const bindings = [...(policy.bindings ?? []), { role: flags['role'], members: [flags['member']] }]
    await ask(handler, `POST ${resource}:setIamPolicy`, { policy: { ...policy, bindings } })
  }
  const location = `/v1/projects/${flags['project']}/locations/${flags['location']}`
  const pools = `${location}/workloadIdentityPools`
  const providers = `${pools}/${flags['workload-identity-pool']}/providers`
  const accounts = `/v1/projects/${flags['project']}/serviceAccounts`
  const { description } = flags
  const command = named.slice(0, -1).join(' ')
  checkKnown(command, flags)
  switch (command) {
    case 'iam workload-identity-pools create':
      return await follow(`POST ${pools}?workloadIdentityPoolId=${id}`, { description })
    case 'iam workload-identity-pools undelete':
      return await follow(`POST ${pools}/${id}:undelete`, {})
    case 'iam workload-identity-pools providers create-oidc':
      return await follow(`POST ${providers}?workloadIdentityPoolProviderId=${id}`, { description, ...fieldsOf(flags) })
    case 'iam workload-identity-pools providers update-oidc':
      return await follow(`PATCH ${providers}/${id}?updateMask=${masksOf(flags).join(',')}`, fieldsOf(flags))
    case 'iam workload-identity-pools providers undelete':
      return await follow(`POST ${providers}/${id}:undelete`, {})
    case 'iam service-accounts create': {
      const serviceAccount = { displayName: flags['display-name'], description }
      return void (await ask(google.iam, `POST ${accounts}`, { accountId: id, serviceAccount }))
    }
    case 'iam service-accounts undelete':
      return void (await ask(google.iam, `POST ${accounts}/${id}:undelete`, {}))
    case 'iam service-accounts add-iam-policy-binding':
      return await bind(google.iam, `${accounts}/${id}`, 'POST')
    case 'artifacts repositories add-iam-policy-binding':
      return await bind(google.artifactRegistry, `${location}/repositories/${id}`, 'GET')
    default:
      return assert.fail(`this test does not know gcloud ${words.join(' ')}`)
  }
}

function flagOf(word: string): [name: string, value: string] {
  if (word.startsWith('STDIN ')) return ['stdin', word.slice('STDIN '.length)]
  const [, name, value = ''] = /^--([a-z-]+)=(.*)$/s.exec(word) ?? []
  return name === undefined ? assert.fail(`no flag with a value: ${word}`) : [name, value]
}

/** By commas, or by the sign between two `^`: `gcloud topic escaping`. */
function listIn(text: string): string[] {
  const [, sign, rest] = /^\^(.)\^(.*)$/s.exec(text) ?? []
  return sign === undefined ? text.split(',') : (rest ?? '').split(sign)
}

/** By flag: where its field lies, and what of the flag's text it is. */
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
