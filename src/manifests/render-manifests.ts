/** All that an installation takes, in the order in which it can be applied. */
import type { Document } from '../document/document.ts'
import { renderPolicy } from './admission-policy.ts'
import { bindRegistries } from './bind-registries.ts'
import { type Manifest, ownLabels, type Place } from './manifest.ts'
import { projectedTokensOf } from './projected-tokens-of.ts'
import { renderNamespace, renderServiceAccount } from './render-account.ts'
import { renderCronJob, type Wanted } from './render-cron-job.ts'
import { renderNetworkPolicy } from './render-network-policy.ts'
import { renderRoles } from './render-roles.ts'
import { documentsName } from './render-volumes.ts'
import { rightsOf } from './rights-of.ts'
import { scheduleOf } from './schedule-of.ts'
import { secretsPolicy } from './secrets-policy.ts'
import { serviceAccountsPolicy } from './service-accounts-policy.ts'
import { tokensPolicy } from './tokens-policy.ts'

/** Policies come before the roles: no right is there before what bounds it. @throws DOCUMENT_INVALID */
export async function renderManifests(
  documents: readonly Document[],
  wanted: Wanted,
  place: Place,
): Promise<Manifest[]> {
  const registries = await bindRegistries(documents)
  const tokens = projectedTokensOf(registries)
  const policies = [secretsPolicy(documents), serviceAccountsPolicy(documents), tokensPolicy(registries)]
  return [
    renderNamespace(place),
    ...policies.flatMap((policy) => renderPolicy(policy, place)),
    renderServiceAccount(place),
    ...renderRoles(rightsOf(documents), place),
    renderNetworkPolicy(place),
    ...('files' in wanted ? [renderDocuments(wanted, place)] : []),
    renderCronJob(wanted, scheduleOf(documents, place), tokens, place),
  ]
}

const renderDocuments = ({ files }: Extract<Wanted, { files: unknown }>, { namespace }: Place): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: documentsName, namespace, labels: ownLabels },
  data: Object.fromEntries(files.map(({ name, text }) => [name, text])),
})
