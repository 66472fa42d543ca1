/** Every command of az that pullpass prints, and those of its documentation. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redacted } from '../../../src/text/redacted.ts'
import { entraRefusal, pullDenied, registryRefusal } from '../../../src/vendors/azure/refusals.ts'
import type { AzureSettings } from '../../../src/vendors/azure/settings.ts'
import { azureFault, store, writeGrant } from '../../../src/vendors/azure/stores/azblob.ts'
import {
  createAssignment,
  createIdentity,
  credentialCommand,
  deleteCredential,
  updateAssignment,
} from '../../../src/vendors/azure/trust/commands.ts'
import type { DesiredIdentity } from '../../../src/vendors/azure/trust/desired.ts'

const id = '66666666-7777-4888-9999-aaaaaaaaaaaa'
const group = '/subscriptions/99999999-8888-4777-8666-555555555555/resourceGroups/images/providers'
const registryId = `${group}/Microsoft.ContainerRegistry/registries/example`
const managedIdentityId = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/pullpass`
const [issuer, subject] = ['https://issuer.example.com', 'system:serviceaccount:image-system:pullpass']
const audience = 'api://AzureADTokenExchange'

/** By where they come from, so that a test sees when a source has none any more. */
export function printedCommands(): Readonly<Record<string, readonly string[]>> {
  const sourcesOfCommands = {
    trust: trustCommands(),
    refusals: remedies(),
    stores: storeCommands(),
    constants: constantCommands(),
    documentation: documentedCommands(),
  }
  return Object.fromEntries(
    Object.entries(sourcesOfCommands).map(([source, commands]) => [source, [...new Set(commands.flatMap(withNested))]]),
  )
}

function trustCommands(): string[] {
  const common = { cloud: 'Public', tenantId: id, clientId: id, clusters: [], credentials: [] } as const
  const identities: DesiredIdentity[] = [
    { ...common, kind: 'application', name: `applications/${id}` },
    { ...common, kind: 'managed identity', name: managedIdentityId },
  ]
  const assignment = { name: id, scope: registryId, role: id, principalId: id, description: 'pullpass' }
  const conditional = { ...assignment, condition: "@Resource[a:name] StringEqualsIgnoreCase 'b'" }
  return [
    ...identities.flatMap((identity) => {
      const subjects = [subject]
      const own = { identity, issuer, subject, subjects, subjectsFrom: 'documents', audience } as const
      const credential = { ...own, name: 'pullpass', description: 'pullpass' }
      const existing = { id, name: 'pullpass' }
      return [
        createIdentity(identity),
        credentialCommand(credential, { verb: 'create' }),
        credentialCommand(credential, { verb: 'update', existing }),
        deleteCredential(identity, existing),
      ]
    }),
    ...[assignment, conditional].flatMap((one) => [createAssignment(one), updateAssignment(one)]),
  ]
}

/** The causes of Microsoft Entra that have a command; any other cause has one too. */
const entraCauses = [700211, 700212, 700213, 700016, 90002, 500011, 1]

function remedies(): string[] {
  const subjectToken = {
    value: new Redacted('unused'),
    issuer,
    subject,
    audiences: [audience],
    issuedAt: undefined,
    expiresAt: new Date(0),
    keyId: undefined,
    algorithm: undefined,
    accountUid: undefined,
    pod: undefined,
    node: undefined,
  }
  const application = { tenantId: id, clientId: id, registry: 'example.azurecr.io', cloud: 'Public' } as const
  const managed = { ...application, trust: { registryId, managedIdentityId } }
  return [application, managed].flatMap((settings: AzureSettings) => {
    const body = (code: number) => ({ error: 'invalid_client', error_description: `AADSTS${code}: refused` })
    const request = { settings, subjectToken, audience }
    const refusals = [
      ...entraCauses.map((code) => entraRefusal(401, body(code), request)),
      ...[403, 404].map((status) => registryRefusal(status, { errors: [{ message: 'refused' }] }, { settings })),
      registryRefusal(403, { errors: [{ message: 'client is not allowed access' }] }, { settings }),
      pullDenied({ settings }, 'example/images', []),
    ]
    return refusals.flatMap((refusal) => refusal?.command ?? [])
  })
}

function storeCommands(): string[] {
  const container = { account: 'exampleissuer', container: 'cluster-1', path: '' }
  const target = { ...container, name: 'azblob://exampleissuer/cluster-1', secrets: [] }
  const faults = [403, 404].map((statusCode) => azureFault({ statusCode, code: 'refused' }, target, 'writing'))
  return [
    store.makePublic(container, {}) ?? '',
    writeGrant(container, id),
    ...faults.flatMap(({ command }) => command ?? []),
  ]
}

const sources = join(import.meta.dirname, '../../../src/vendors/azure')

/** Constant texts, and the one that only a plan with a registry of another mode prints. */
function constantCommands(): string[] {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const texts = files.flatMap((name) => [
    ...readFileSync(join(sources, name), 'utf8').matchAll(/'(?:[^'\n]*: )?(az (?:[a-z-]+ )+--[^'$;\n]+)'/g),
  ])
  return [
    ...texts.map(([, command = '']) => command.replace('--name NAME', '--name example')),
    'az acr update --name example --resource-group images --subscription SUBSCRIPTION --role-assignment-mode rbac-abac',
  ]
}

const documentation = join(import.meta.dirname, '../../../docs')

/** In code blocks, with lines that continue, and in code within sentences. */
function documentedCommands(): string[] {
  const pages = readdirSync(documentation, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return pages.flatMap((name) => {
    const text = readFileSync(join(documentation, name), 'utf8').replaceAll('\\\n', ' ')
    const found = [
      ...text.matchAll(/^ *(?:\$ )?(az (?:[a-z-]+ )+-.+)$|`(az (?:[a-z-]+ )+-[^`]+)`|(az (?:[a-z-]+ )+--[^`;|]+)$/gm),
    ]
    return found.map(([, line, span, tail]) => line ?? span ?? tail ?? '')
  })
}

/** A command in `$(…)` is another one. */
function withNested(text: string): string[] {
  const nested = [...text.matchAll(/\$\((az [^)]+)\)/g)].map(([, command]) => command ?? '')
  return [text.replaceAll(/\$\(az [^)]+\)/g, id), ...nested]
}
