/** All that an installation takes, in the order in which it can be applied. */
import type { Document } from '../document/document.ts'
import type { PodIdentity } from '../issuer/publish/pod-identity.ts'
import { refreshAccountPolicies } from './account-policies.ts'
import { bindRegistries } from './bind-registries.ts'
import { type Manifest, ownLabels, type Place, type PodSettings, refreshAccount } from './manifest.ts'
import { projectedTokensOf } from './projected-tokens-of.ts'
import type { DocumentFile } from './read-document-files.ts'
import { renderNamespace, renderServiceAccount } from './render-account.ts'
import { renderCronJob, type Wanted } from './render-cron-job.ts'
import { renderNetworkPolicy } from './render-network-policy.ts'
import { renderRoles } from './render-roles.ts'
import { authoritiesKey, authoritiesName, documentsName, publishName } from './render-volumes.ts'
import { rightsOf } from './rights-of.ts'
import { renderRootCaPolicy } from './root-ca-policy.ts'
import { checkSchedule, scheduleOf } from './schedule.ts'
import { renderSettingsPolicy } from './settings-policy.ts'

export interface Installation {
  readonly documents: readonly Document[]
  readonly wanted: Wanted
  /** As whom the Pod publishes a new key, one for each cloud. */
  readonly publishers: readonly PodIdentity[]
  readonly settings: PodSettings
}

/** Policies come before the roles: no right is granted before what limits it. @throws DOCUMENT_INVALID, USAGE_INVALID */
export async function renderManifests(
  { documents, wanted, publishers, settings }: Installation,
  place: Place,
): Promise<Manifest[]> {
  const registries = await bindRegistries(documents)
  const { authorities, networkPolicy, proxy } = settings
  const mounted = { tokens: projectedTokensOf(registries), publishers, authorities }
  const lives = registries.map(({ credentialLifeSeconds }) => credentialLifeSeconds)
  if (settings.schedule !== undefined) checkSchedule(settings.schedule, Math.min(...lives))
  const schedule = settings.schedule ?? scheduleOf(documents, place)
  const configMaps = [
    ...('files' in wanted ? [renderFiles(documentsName, textsOf(wanted.files), place)] : []),
    ...renderPublish(publishers, place),
    ...(authorities !== undefined && 'text' in authorities
      ? [renderFiles(authoritiesName, { [authoritiesKey]: authorities.text }, place)]
      : []),
  ]
  const manifests = [
    renderNamespace(place),
    ...refreshAccountPolicies(refreshAccount(place), documents, registries),
    ...(configMaps.length === 0 ? [] : renderSettingsPolicy(place)),
    ...renderRootCaPolicy(place),
    renderServiceAccount(place),
    ...renderRoles(rightsOf(documents), place),
    ...(networkPolicy === 'absent'
      ? []
      : [renderNetworkPolicy({ namespace: place.namespace, documents, proxy, ...networkPolicy })]),
    ...configMaps,
    renderCronJob({ wanted, schedule, longestLifeSeconds: Math.max(...lives), settings }, mounted, place),
  ]
  return manifests.map((manifest) => withLabels(manifest, settings.labels))
}

/** Its own labels are kept: selectors and uninstall rely on them. */
const withLabels = (manifest: Manifest, labels: PodSettings['labels']): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, labels: { ...labels, ...manifest.metadata.labels } },
})

const textsOf = (files: readonly DocumentFile[]) => Object.fromEntries(files.map(({ name, text }) => [name, text]))

function renderPublish(publishers: readonly PodIdentity[], place: Place): Manifest[] {
  const files = Object.assign({}, ...publishers.map((publisher) => publisher.files))
  return Object.keys(files).length === 0 ? [] : [renderFiles(publishName, files, place)]
}

const renderFiles = (name: string, data: Readonly<Record<string, string>>, { namespace }: Place): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: ownLabels },
  data,
})
