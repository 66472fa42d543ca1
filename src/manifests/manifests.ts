/** All objects of an installation, in the order in which they can be applied. */

import { type Document, defaultKeyStateRef, type NamespacedName, requestedAccount } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { subjectOf } from '../identity/service-account.ts'
import { shellOperand, shellQuote } from '../text/shell.ts'
import { showPath } from '../text/show.ts'
import type { PodIdentity } from '../vendors/publisher-identity.ts'
import type { Vendors } from '../vendors/vendor.ts'
import { renderCronJob } from './cron-job.ts'
import { controllerPodLabels, healthPort, renderController } from './deployment.ts'
import type { DocumentFile } from './document-files.ts'
import {
  controllerName,
  type InstallTarget,
  type Manifest,
  ownLabels,
  ownName,
  type PodSettings,
  type ResourceLimits,
  refreshAccount,
  renderNamespace,
  renderServiceAccount,
} from './manifest.ts'
import { renderNetworkPolicy } from './network-policy.ts'
import { controllerPermissionsOf, permissionsOf, renderRoles } from './permissions.ts'
import type { RefreshInput } from './pod.ts'
import { refreshAccountPolicies } from './policies/account-policies.ts'
import { renderPolicy } from './policies/admission-policy.ts'
import { renderRootCaPolicy, renderSettingsPolicy } from './policies/config-maps.ts'
import { controllerEventsPolicy, noEventsPolicy } from './policies/events.ts'
import { leasesPolicy } from './policies/leases.ts'
import { renderTenantPolicies, renderTenantRole } from './policies/tenants.ts'
import { type BoundRegistry, bindRegistries, projectedTokensOf } from './projected-tokens.ts'
import { checkSchedule, scheduleOf } from './schedule.ts'
import { authoritiesKey, authoritiesName, documentsName, publishName } from './volumes.ts'

export interface Installation {
  readonly documents: readonly Document[]
  readonly workload: 'CronJob' | 'controller'
  readonly input: RefreshInput
  /** Of a controller that uses custom resources. */
  readonly resources?: ResourceLimits | undefined
  /** The identities with which the Pod publishes a new key, one per cloud. */
  readonly publishers: readonly PodIdentity[]
  /** Where they publish, as documents name it: a controller watches the keys of the cluster for these. */
  readonly targets: readonly string[]
  readonly settings: PodSettings
}

/** Policies precede roles: no permission is granted before it is restricted. @throws DOCUMENT_INVALID, USAGE_INVALID */
export async function renderManifests(
  { documents, workload, input, resources, publishers, targets, settings }: Installation,
  installTarget: InstallTarget,
  vendors: Vendors,
): Promise<Manifest[]> {
  const registries = await bindRegistries(documents, vendors)
  refuseSourceFiles(registries, installTarget.namespace)
  const { authorities } = settings
  const mounted = { tokens: projectedTokensOf(registries, workload), publishers, authorities }
  const lives = registries.map(({ credentialLifeSeconds }) => credentialLifeSeconds)
  if (settings.schedule !== undefined) checkSchedule(settings.schedule, Math.min(...lives))
  const keyStates = workload === 'CronJob' ? [] : watchedKeyStates(documents, targets)
  const configMaps = [
    ...('files' in input ? [renderFiles(documentsName, textsOf(input.files), installTarget)] : []),
    ...renderPublish(publishers, installTarget),
    ...(authorities !== undefined && 'text' in authorities
      ? [renderFiles(authoritiesName, { [authoritiesKey]: authorities.text }, installTarget)]
      : []),
  ]
  const run = () => {
    const schedule = settings.schedule ?? scheduleOf(documents, installTarget)
    return { input, schedule, longestLifeSeconds: Math.max(...lives), settings }
  }
  const account = refreshAccount(installTarget)
  const events =
    workload === 'CronJob'
      ? noEventsPolicy(account)
      : controllerEventsPolicy(documents, installTarget, resources, keyStates)
  const manifests = [
    renderNamespace(installTarget),
    ...refreshAccountPolicies(account, { documents, registries, resources, keyStates, events }),
    ...(workload === 'CronJob' ? [] : renderPolicy(leasesPolicy(installTarget), account)),
    ...renderTenantPolicies(resources, installTarget),
    ...(configMaps.length === 0 ? [] : renderSettingsPolicy(installTarget)),
    ...renderRootCaPolicy(installTarget),
    renderServiceAccount(installTarget),
    ...renderRoles(
      workload === 'CronJob'
        ? permissionsOf(documents)
        : controllerPermissionsOf(documents, installTarget, resources, keyStates),
      installTarget,
    ),
    ...renderTenantRole(resources, installTarget),
    ...renderNetwork({ documents, workload, resources, settings }, installTarget),
    ...configMaps,
    ...keyStates.map(renderKeyState),
    ...(workload === 'CronJob'
      ? [renderCronJob(run(), mounted, installTarget)]
      : renderController({ input, resources, settings }, mounted, installTarget)),
  ]
  return manifests.map((manifest) => withLabels(manifest, settings.labels))
}

function renderNetwork(
  { documents, workload, resources, settings }: Pick<Installation, 'documents' | 'workload' | 'resources' | 'settings'>,
  { namespace }: InstallTarget,
): Manifest[] {
  const { networkPolicy, proxy } = settings
  if (networkPolicy === 'absent') return []
  const endpoints = resources?.tenants?.endpoints ?? []
  return [renderNetworkPolicy({ namespace, documents, endpoints, proxy, pods: pods[workload], ...networkPolicy })]
}

/** Empty, so that no permission to create ConfigMaps is needed. */
const renderKeyState = ({ namespace, name }: NamespacedName): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: ownLabels },
})

function watchedKeyStates(documents: readonly Document[], targets: readonly string[]): NamespacedName[] {
  const refs = documents.flatMap(({ issuer }) =>
    issuer && targets.includes(issuer.publishTo) ? [issuer.keyStateRef ?? defaultKeyStateRef] : [],
  )
  return [...new Map(refs.map((ref) => [`${ref.namespace}/${ref.name}`, ref])).values()]
}

const pods = {
  CronJob: { name: ownName, labels: ownLabels },
  controller: { name: controllerName, labels: controllerPodLabels, healthPort },
}

/** A Pod does not have the files of this machine, and a password does not belong in a ConfigMap. @throws DOCUMENT_INVALID */
function refuseSourceFiles(registries: readonly BoundRegistry[], namespace: string): void {
  for (const { document, registry } of registries) {
    const [file] = registry.sources?.files ?? []
    if (file === undefined) continue
    const name = shellOperand(registry.name)
    throw new PullpassError({
      code: 'DOCUMENT_INVALID',
      hop: 'document',
      seen: `registry ${registry.name} of ${document.source} reads a password or key from the file ${showPath(file)}, which the Pod does not have`,
      expected: 'a Secret of the cluster, by secretRef',
      hint: `create one from the file, and name it in secretRef: ${name}`,
      command: `kubectl create secret generic ${name} -n ${shellOperand(namespace, 'NAMESPACE')} --from-file=${shellQuote(file)}`,
    })
  }
}

/** Existing labels take precedence: selectors and uninstall rely on them. */
const withLabels = (manifest: Manifest, labels: PodSettings['labels']): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, labels: { ...labels, ...manifest.metadata.labels } },
})

const textsOf = (files: readonly DocumentFile[]) => Object.fromEntries(files.map(({ name, text }) => [name, text]))

function renderPublish(publishers: readonly PodIdentity[], installTarget: InstallTarget): Manifest[] {
  const files = Object.assign({}, ...publishers.map((publisher) => publisher.files))
  return Object.keys(files).length === 0 ? [] : [renderFiles(publishName, files, installTarget)]
}

const renderFiles = (name: string, data: Readonly<Record<string, string>>, { namespace }: InstallTarget): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: ownLabels },
  data,
})

/** The input of the comments before the objects: subjects to trust at the cloud, grants, and assumptions. */
interface Printed {
  /** The command line that prints it again. */
  readonly command: string
  readonly version: string
  readonly documents: readonly Document[]
  readonly resources?: ResourceLimits | undefined
  /** Grants for the Pod that publishes. */
  readonly grants: readonly string[]
  readonly installTarget: InstallTarget
  readonly settings: Pick<PodSettings, 'authorities' | 'networkPolicy'>
}

/** YAML comment lines, each terminated. */
export function renderPreamble(printed: Printed): string {
  const { command, version, documents, resources, grants, installTarget, settings } = printed
  const ofDocuments = documents.flatMap((document) =>
    document.registries
      .filter(({ subjectToken }) => subjectToken !== 'unused')
      .map((registry) => requestedAccount(document, registry) ?? refreshAccount(installTarget)),
  )
  const subjects = [...ofDocuments, ...(resources?.accounts ?? [])].map(subjectOf)
  const lines = [
    `Printed by pullpass ${version}. Print and apply it again when a document changes:`,
    `  ${command}`,
    ...(subjects.length === 0 && resources?.tenants === undefined ? [] : ['Subjects to trust at the cloud:']),
    ...[...new Set(subjects)].map((subject) => `  ${subject}`),
    ...(resources?.tenants?.serviceAccounts ?? []).map(
      (name) => `  system:serviceaccount:NAMESPACE:${name}, of each namespace with a PullSecret`,
    ),
    ...(grants.length === 0 ? [] : ['Permit the Pod to publish a new key before a token of it is exchanged:']),
    ...grants.map((grant) => `  ${grant}`),
    ...networkLines(settings),
    ...authorityLines(settings, installTarget),
  ]
  return lines.map((line) => `# ${line}\n`).join('')
}

function networkLines({ networkPolicy }: Printed['settings']): string[] {
  if (networkPolicy === 'absent') return []
  return [
    `The NetworkPolicy allows API servers at port ${networkPolicy.apiServerPorts.join(', ')}. Yours (otherwise: --api-server-port):`,
    '  kubectl get endpointslices -n default -l kubernetes.io/service-name=kubernetes',
  ]
}

function authorityLines({ authorities }: Printed['settings'], { namespace }: InstallTarget): string[] {
  if (authorities === undefined || 'text' in authorities) return []
  return [
    `Accounts that can write ConfigMap ${namespace}/${authorities.configMap} decide which servers receive tokens: no policy protects it.`,
  ]
}
