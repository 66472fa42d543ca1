/**
 * The OpenID Connect integration of a cluster: its issuer. The audience in it is only information; identity mappings compare it.
 * https://jfrog.com/help/r/jfrog-rest-apis/get-oidc-configuration
 */
import {
  type Accepted,
  changedMeanwhile,
  type RemovalPlan,
  type RemovalScope,
  trustRefused,
} from '../../trust/contract.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, isMarked } from '../../trust/marks.ts'
import type { DesiredIntegration } from './desired.ts'
import {
  type FoundIntegration,
  integrationPath,
  integrationsPath,
  listMappings,
  listNames,
  readIntegration,
} from './found.ts'
import { changeJfrog, deleteJfrog, type Platform } from './requests.ts'
import { integrationHcl } from './terraform.ts'

/** The type of any issuer. */
const generic = 'Generic OpenID Connect'

export async function observeIntegration(
  desired: DesiredIntegration,
  { replace }: Accepted,
  platform: Platform,
): Promise<VendorFinding> {
  const { name, issuer, audience, description, mark } = desired
  const found = await readIntegration(platform, desired)
  if (found === undefined) {
    const json = { name, issuer_url: issuer, provider_type: generic, audience, description }
    const create = { action: 'create', description: `create integration ${name}: issuer ${issuer}` } as const
    const change = changeJfrog(platform, create, { method: 'POST', path: integrationsPath, json })
    return { presence: 'absent', verdict: 'create', changes: [change] }
  }
  const present = { presence: 'present', hcl: integrationHcl(platform.url, desired, found) } as const
  if (found.projectKey !== '') {
    const fault = trustRefused(`integration ${name} belongs to project ${found.projectKey}`, {
      expected: 'one of all projects: in a project, JFrog maps tokens to roles only',
      hint: 'set another jfrog.providerName in the document',
    })
    return { ...present, verdict: 'refused', fault }
  }
  if (found.issuer === issuer && found.issuerUrl === issuer) return { ...present, verdict: 'ok' }
  const isOwn = isMarked(found.description, [mark])
  if (isOwn && replace.includes('issuer')) {
    const hcl = integrationHcl(platform.url, desired, { ...found, name, issuer, issuerUrl: issuer })
    return { ...present, verdict: 'update', hcl, changes: [update(desired, found, platform)] }
  }
  return { ...present, verdict: 'refused', ...otherIssuer(desired, found, isOwn ? 'own' : 'other') }
}

function otherIssuer({ name, issuer }: DesiredIntegration, found: FoundIntegration, owner: 'own' | 'other') {
  const others = [...new Set([found.issuer, found.issuerUrl])].filter((one) => one !== issuer)
  const fault = trustRefused(`integration ${name} has the issuer ${others.join(' and ')}`, {
    expected: `${issuer}, the issuer of the cluster`,
    hint:
      owner === 'own'
        ? 'pullpass created it for this cluster: check who changed it; to replace it: --replace issuer'
        : 'set another jfrog.providerName in the document: an integration has one issuer',
  })
  return { fault, ...(owner === 'own' && { override: { replace: ['issuer'] } }) }
}

/** An update sets every field: those that another owner changed in the meantime are not replaced by earlier ones. */
function update(desired: DesiredIntegration, found: FoundIntegration, platform: Platform): VendorChange {
  const { name, issuer } = desired
  const { audience, description, usesProxy } = found
  const change = changeJfrog(
    platform,
    { action: 'update', fields: ['issuer'], description: `update integration ${name}: issuer ${issuer}` },
    {
      method: 'PUT',
      path: integrationPath(name),
      json: {
        name,
        issuer_url: issuer,
        token_issuer: issuer,
        provider_type: generic,
        audience,
        description,
        use_default_proxy: usesProxy,
      },
    },
  )
  return {
    ...change,
    async apply() {
      const current = await readIntegration(platform, desired)
      if (JSON.stringify(current) !== JSON.stringify(found)) throw changedMeanwhile(`integration ${name}`)
      await change.apply()
    },
  }
}

/** Removable if pullpass created it for one of these clusters, and no other mapping is in it. */
export async function planIntegrationRemoval(
  desired: DesiredIntegration,
  { marks, removed }: RemovalScope,
  own: ReadonlyMap<string, string>,
  platform: Platform,
): Promise<RemovalPlan> {
  const found = await readIntegration(platform, desired)
  if (found === undefined) return { state: 'absent' }
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  const left = (await listMappings(platform, desired.name)).filter(({ name }) => !removed.includes(own.get(name) ?? ''))
  if (left.length > 0) {
    return { state: 'kept', note: `identity mappings use it: ${listNames(left.map(({ name }) => name))}` }
  }
  return {
    state: 'removable',
    async remove() {
      await deleteJfrog(platform, integrationPath(desired.name))
      return undefined
    },
  }
}
