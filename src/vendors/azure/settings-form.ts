/** The fields of `azure` in a document, each with its rule and its description in the reference page. */
import * as z from 'zod/mini'
import type { FieldPath, FieldProblem } from '../../document/document-errors.ts'
import type { SharedFields, VendorSettings } from '../../document/document-vendor.ts'
import { brokenRule, originUrl } from '../../document/field-rules.ts'
import { fields, list, text, word } from '../../document/schema-parts.ts'
import { showValue } from '../../document/show-value.ts'
import { trustField } from '../registry-fields.ts'
import {
  clientId,
  cloudNames,
  cloudOf,
  loginServer,
  managedIdentityId,
  registryId,
  repositoryName,
  resourceParts,
  tenantId,
} from './names.ts'
import type { AzureForm, AzureSettings } from './settings.ts'

const tenantShape = {
  tenantId: text(tenantId, 'Microsoft Entra tenant of the identity, by its id or one of its domains'),
  clientId: text(clientId, 'Client id of the application or managed identity that trusts the cluster'),
  registry: z.exactOptional(
    text(loginServer, 'Login server of the registry if hosts is a proxy or mirror of it; default: hosts'),
  ),
  cloud: z.exactOptional(word(cloudNames, 'Cloud of the tenant and the registry; default: that of the login server')),
  repositories: z.exactOptional(
    list(
      text(repositoryName, 'Name'),
      64,
      'Repositories that are pulled: a refresh fails if the identity may not pull one of them, and in a registry with repository permissions (ABAC) trust grants only these',
    ),
  ),
}

/** Fields that a tenant may set: no endpoints that receive the token. */
const tenantForm: z.ZodMiniType<AzureForm> = fields(tenantShape, 'Azure Container Registry')

const clusterForm: z.ZodMiniType<AzureForm> = fields(
  {
    ...tenantShape,
    endpoints: z.exactOptional(
      fields(
        {
          authority: z.exactOptional(text(originUrl, 'Microsoft Entra')),
          registry: z.exactOptional(text(originUrl, 'The registry, for the exchange only')),
        },
        "Origins that replace Azure's own: a private endpoint or an emulator",
      ),
    ),
    trust: trustField({
      registryId: text(registryId, 'Resource id of the registry; the role to pull is assigned on it'),
      managedIdentityId: z.exactOptional(
        text(
          managedIdentityId,
          'Resource id of the managed identity with the client id; absent: the client id is that of an application',
        ),
      ),
    }),
  },
  'Azure Container Registry',
)

/** A registry entry has one registry: a credential is valid for one login server. */
function problems(form: AzureForm, path: FieldPath, { hosts }: Pick<SharedFields, 'hosts'>): FieldProblem[] {
  const found = loginServerProblems(form, path, hosts)
  if (found.length > 0) return found
  const registry = registryOf(form, hosts)
  return [...cloudProblems(form, path, registry), ...trustProblems(form, path, registry)]
}

function loginServerProblems({ registry }: AzureForm, path: FieldPath, hosts: readonly string[]): FieldProblem[] {
  const at = [...path.slice(0, -1), 'hosts']
  const first = registry ?? serverOf(hosts[0] ?? '')
  return hosts.flatMap((host, index): FieldProblem[] => {
    const server = serverOf(host)
    const expected = brokenRule(loginServer, server)
    const problem = { path: [...at, index], predicate: `is ${showValue(host)}` }
    if (expected !== undefined) {
      const isDataEndpoint = cloudOf(server) !== undefined
      if (registry !== undefined && !isDataEndpoint) return []
      return [{ ...problem, expected: isDataEndpoint ? expected : `${expected}, or azure.registry to name it` }]
    }
    if (server === first) return []
    return [{ ...problem, expected: `${first}: a credential is valid for one registry; add an entry for another one` }]
  })
}

const serverOf = (host: string) => host.split('/')[0] ?? ''

const registryOf = ({ registry }: AzureForm, hosts: readonly string[]) => registry ?? serverOf(hosts[0] ?? '')

function cloudProblems({ cloud }: AzureForm, path: FieldPath, registry: string): FieldProblem[] {
  const own = cloudOf(registry)
  if (cloud === undefined || cloud === own) return []
  return [{ path: [...path, 'cloud'], predicate: `is ${cloud}`, expected: `${own}, in which ${registry} is` }]
}

/** Registry names are unique in a cloud. A role on another registry has no effect on this one. */
function trustProblems({ trust }: AzureForm, path: FieldPath, registry: string): FieldProblem[] {
  if (trust === undefined) return []
  const { name } = resourceParts(trust.registryId)
  const own = (registry.split('.')[0] ?? '').split('-')[0]
  if (name.toLowerCase() === own) return []
  return [
    {
      path: [...path, 'trust', 'registryId'],
      predicate: `is of registry ${name}`,
      expected: `the resource id of ${registry}: az acr show --name ${own} --query id`,
    },
  ]
}

/** `form` is valid according to the schema and the rules above. */
async function read(form: AzureForm, _folder: string, hosts: readonly string[]): Promise<{ settings: AzureSettings }> {
  const registry = registryOf(form, hosts)
  const { tenantId: tenant, clientId: client, cloud: _cloud, ...same } = form
  return {
    settings: {
      ...same,
      tenantId: tenant.toLowerCase(),
      clientId: client.toLowerCase(),
      registry,
      cloud: cloudOf(registry) ?? 'Public',
    },
  }
}

export const settings: VendorSettings<AzureForm, AzureSettings> = {
  form: clusterForm,
  tenantForm,
  problems,
  hosts: () => 'any', // a registry may have a domain of its owner; loginServerProblems checks the others
  read,
}
