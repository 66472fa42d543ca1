/** A document for registries by their hosts: from vendors, flags and the cluster. */
import type { NamespacedName } from '../../document/document.ts'
import { checkShape } from '../../document/document-errors.ts'
import { type Draft, type DraftRegistry, renderDraft } from '../../document/draft-document.ts'
import { brokenRule, registryHost } from '../../document/field-rules.ts'
import { includedNamespace, labelName, objectName } from '../../document/kubernetes-names.ts'
import { showValue } from '../../document/show-value.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { asObject } from '../../text/json-fields.ts'
import type { VendorContext, Vendors } from '../../vendors/vendor.ts'
import { usageFault } from '../command-line/flag.ts'
import type { ClusterSurvey } from './survey-cluster.ts'

export interface DraftRequest {
  readonly hosts: readonly string[]
  /** `--name`. */
  readonly name: string | undefined
  /** `--namespaces`, a comma-separated list. */
  readonly namespaces: string | undefined
  readonly serviceAccount: NamespacedName | undefined
  /** `--namespace`: of a PullSecret. */
  readonly tenant: string | undefined
  /** `--set`: `FIELD=VALUE`, or `REGISTRY.FIELD=VALUE`. */
  readonly set: readonly string[]
}

/** `survey`: undefined without a cluster. @throws USAGE_INVALID */
export async function draftDocument(
  request: DraftRequest,
  survey: ClusterSurvey | undefined,
  { vendors }: Pick<VendorContext, 'vendors'>,
): Promise<Draft> {
  const { hosts, name, serviceAccount } = request
  const fail = (seen: string, expected: string) => usageFault('init', seen, expected)
  for (const host of hosts) {
    const expected = brokenRule(registryHost, host)
    if (expected !== undefined) throw fail(`${showValue(host)} is not the host of a registry`, expected)
  }
  const twice = hosts.find((host, index) => hosts.indexOf(host) !== index)
  if (twice !== undefined) throw fail(`${twice} is given twice`, 'each host once')
  if (name !== undefined) {
    const expected = brokenRule(objectName, name)
    if (expected !== undefined) throw fail(`--name is ${showValue(name)}`, expected)
  }
  const namespaces = request.namespaces?.split(',') ?? (Array.isArray(survey?.namespaces) ? survey.namespaces : [])
  for (const namespace of namespaces) {
    const expected = brokenRule(includedNamespace, namespace)
    if (expected !== undefined) throw fail(`--namespaces contains ${showValue(namespace)}`, expected)
  }
  const { tenant } = request
  if (tenant !== undefined) checkTenant(tenant, serviceAccount)
  const available = await availableVendors(vendors, tenant === undefined ? 'all' : 'of tenants')
  const drafted = applySettings(await draftRegistries(hosts, vendors), request.set)
  for (const registry of drafted) {
    await checkSettings(registry, vendors)
    const { vendor } = registry
    if (vendor !== undefined && !available.includes(vendor))
      throw fail(
        `${vendor}, the vendor of ${registry.hosts.join(', ')}, is given with --namespace`,
        `a PullSecret, which can have ${available.join(', ')}`,
      )
  }
  const registries = tenant === undefined ? drafted : drafted.map((registry) => ({ ...registry, trust: [] }))
  const [first, ...others] = registries
  return renderDraft({
    name: name ?? (others.length > 0 ? 'registries' : (first?.name ?? 'registry')),
    namespaces,
    serviceAccount,
    tenant,
    registries,
    vendors: available,
    notes: survey === undefined ? [] : notesOf(survey, hosts),
  })
}

/** @throws USAGE_INVALID */
function checkTenant(namespace: string, serviceAccount: NamespacedName | undefined): void {
  const expected = brokenRule(labelName, namespace)
  if (expected !== undefined) throw usageFault('init', `--namespace is ${showValue(namespace)}`, expected)
  if (serviceAccount !== undefined && serviceAccount.namespace !== namespace)
    throw usageFault(
      'init',
      `--service-account is of namespace ${serviceAccount.namespace}, and --namespace is ${namespace}`,
      'a service account of the namespace of the PullSecret',
    )
}

/** Identifiers of those that a document can have. */
async function availableVendors(vendors: Vendors, which: 'all' | 'of tenants'): Promise<string[]> {
  const names = Object.entries(vendors).map(async ([name, { settings }]) => {
    const loaded = await settings?.()
    return loaded === undefined || (which === 'of tenants' && loaded.tenantForm === undefined) ? [] : [name]
  })
  return (await Promise.all(names)).flat()
}

async function draftRegistries(hosts: readonly string[], vendors: Vendors): Promise<DraftRegistry[]> {
  const drafts: SharedDraft[] = []
  for (const host of hosts) {
    const draft = await draftRegistry(host, vendors)
    const at = drafts.findIndex(
      ({ vendor, credential }) =>
        credential !== undefined && vendor === draft.vendor && credential === draft.credential,
    )
    const shared = drafts[at]
    if (shared !== undefined) {
      const trust = mergeTrust(shared.trust ?? [], draft.trust ?? [], host)
      const facts = mergeFacts(shared.facts, draft.facts)
      drafts[at] = { ...shared, hosts: [...shared.hosts, host], facts, trust }
      continue
    }
    const same = drafts.filter(({ name }) => name === draft.name || name.startsWith(`${draft.name}-`)).length
    drafts.push(same === 0 ? draft : { ...draft, name: `${draft.name}-${same + 1}` })
  }
  return drafts
}

/** Facts begin with the title of the vendor, which is not repeated. */
function mergeFacts(facts: string, more: string): string {
  const own = more.replace(/^[^:]+: /, '')
  return facts.includes(own) ? facts : `${facts}; ${own}`
}

/** The settings for trust are those of the first host: a further one with others needs a registry, which shares the credential. */
function mergeTrust(trust: readonly string[], more: readonly string[], host: string): readonly string[] {
  if (more.every((line) => trust.includes(line))) return trust
  const settings = more.slice(1).map((line) => line.trim())
  return [
    ...trust,
    `For ${host}: another registry with that host and the same fields, and in trust ${settings.join(', ')}`,
  ]
}

/** Equal `credential` of one vendor: one registry of the document. */
type SharedDraft = DraftRegistry & { readonly credential?: string }

async function draftRegistry(host: string, vendors: Vendors): Promise<SharedDraft> {
  for (const [vendor, { draft: load, title }] of Object.entries(vendors)) {
    const draft = (await load?.())?.(host.split('/')[0] ?? host)
    if (draft !== undefined) return { ...draft, hosts: [host], vendor, facts: `${title}: ${draft.facts}` }
  }
  return {
    name: 'registry',
    hosts: [host],
    vendor: undefined,
    facts: 'The host does not identify the vendor',
    fields: [],
  }
}

/** @throws USAGE_INVALID for a field that no registry, or more than one, has */
function applySettings(registries: readonly DraftRegistry[], set: readonly string[]): DraftRegistry[] {
  const result = [...registries]
  for (const setting of set) {
    const [, path = '', value = ''] = /^([^=]+)=(.+)$/s.exec(setting) ?? []
    const isMeant = (name: string, field: string) => path === field || path === `${name}.${field}`
    const matching = result.flatMap(({ name, fields }, index) =>
      fields.some((field) => isMeant(name, field.name)) ? [index] : [],
    )
    const [index] = matching
    const known = result.flatMap(({ name, fields }) => fields.map((one) => `${name}.${one.name}`))
    if (index === undefined || matching.length > 1) {
      const why = matching.length > 1 ? 'is a field of several registries' : 'is not a field that init sets'
      throw usageFault(
        'init',
        `--set ${showValue(path || setting)} ${why}`,
        known.length === 0
          ? 'no --set: no field of these registries is known'
          : `FIELD=VALUE, with one of ${known.join(', ')}`,
      )
    }
    const chosen = result[index]
    if (chosen === undefined) continue
    const fields = chosen.fields.map((one) => (isMeant(chosen.name, one.name) ? { ...one, value } : one))
    result[index] = { ...chosen, fields }
  }
  return result
}

/** The values of --set, by the schema of the vendor; what is not filled in yet is not checked. @throws USAGE_INVALID */
async function checkSettings({ name, vendor = '', fields }: DraftRegistry, vendors: Vendors): Promise<void> {
  const settings = await vendors[vendor]?.settings?.()
  if (settings === undefined) return
  const written: Record<string, unknown> = {}
  for (const field of fields) {
    const [own = '', parent] = field.name.split('.').toReversed()
    if (parent !== undefined) written[parent] = { ...asObject(written[parent]), [own]: field.value }
    else if (field.value !== undefined) written[own] = field.value
  }
  const checked = checkShape(settings.form, written)
  if ('form' in checked) return
  const problem = checked.find(({ path }) =>
    fields.some((field) => field.value !== undefined && field.name === path.join('.')),
  )
  if (problem === undefined) return
  throw usageFault('init', `--set ${name}.${problem.path.join('.')} ${problem.predicate}`, problem.expected)
}

function notesOf({ issuer, namespaces, pullSecrets }: ClusterSurvey, hosts: readonly string[]): string[] {
  const at = hosts.join(', ')
  return [
    issuer instanceof PullpassError
      ? `The issuer of the cluster could not be read: ${issuer.seen}.`
      : `The issuer of the cluster is ${issuer}; pullpass issuer check shows whether clouds can use it.`,
    ...(namespaces instanceof PullpassError
      ? [`Pods could not be listed: ${namespaces.seen}.`]
      : namespaces.length === 0
        ? [`No pod pulls from ${at} at present.`]
        : [
            `${namespaces.length} ${namespaces.length === 1 ? 'namespace has' : 'namespaces have'} pods that pull from ${at}.`,
          ]),
    ...(pullSecrets.length === 0
      ? []
      : [
          `These pods use the pull secrets ${pullSecrets.join(', ')}: with spec.secretName of that name (and conflictPolicy: Adopt),`,
          'pods need no change.',
        ]),
  ]
}
