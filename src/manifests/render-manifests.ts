/** All that an installation takes, in the order in which it can be applied. */
import type { Document } from '../document/document.ts'
import type { PodIdentity } from '../issuer/publish/pod-identity.ts'
import { refreshAccountPolicies } from './account-policies.ts'
import { bindRegistries } from './bind-registries.ts'
import { type Manifest, ownLabels, type Place, refreshAccount } from './manifest.ts'
import { projectedTokensOf } from './projected-tokens-of.ts'
import type { DocumentFile } from './read-document-files.ts'
import { renderNamespace, renderServiceAccount } from './render-account.ts'
import { renderCronJob, type Wanted } from './render-cron-job.ts'
import { renderNetworkPolicy } from './render-network-policy.ts'
import { renderRoles } from './render-roles.ts'
import { documentsName, publishName } from './render-volumes.ts'
import { rightsOf } from './rights-of.ts'
import { renderRootCaPolicy } from './root-ca-policy.ts'
import { scheduleOf } from './schedule-of.ts'
import { renderSettingsPolicy } from './settings-policy.ts'

export interface Installation {
  readonly documents: readonly Document[]
  readonly wanted: Wanted
  /** As whom the Pod publishes a new key, one for each cloud. */
  readonly publishers: readonly PodIdentity[]
}

/** Policies come before the roles: no right is there before what bounds it. @throws DOCUMENT_INVALID */
export async function renderManifests(
  { documents, wanted, publishers }: Installation,
  place: Place,
): Promise<Manifest[]> {
  const registries = await bindRegistries(documents)
  const tokens = projectedTokensOf(registries)
  const longestLifeSeconds = Math.max(...registries.map(({ credentialLifeSeconds }) => credentialLifeSeconds))
  const settings = [
    ...('files' in wanted ? [renderFiles(documentsName, textsOf(wanted.files), place)] : []),
    ...renderPublish(publishers, place),
  ]
  return [
    renderNamespace(place),
    ...refreshAccountPolicies(refreshAccount(place), documents, registries),
    ...(settings.length === 0 ? [] : renderSettingsPolicy(place)),
    ...renderRootCaPolicy(place),
    renderServiceAccount(place),
    ...renderRoles(rightsOf(documents), place),
    renderNetworkPolicy(place),
    ...settings,
    renderCronJob(
      { wanted, schedule: scheduleOf(documents, place), longestLifeSeconds },
      { tokens, publishers },
      place,
    ),
  ]
}

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
