/** The kinds that the sandbox serves. */

import { configMap } from './config-map.ts'
import { customResourceDefinition } from './custom-resource-definition.ts'
import { endpointSlice } from './endpoint-slice.ts'
import { event } from './event.ts'
import { lease } from './lease.ts'
import { namespace } from './namespace.ts'
import { pod } from './pod.ts'
import { clusterPullSecret, pullSecret } from './pull-secrets.ts'
import type { ResourceKind } from './resource-kind.ts'
import { secret } from './secret.ts'
import { serviceAccount } from './service-account.ts'

export const resourceKinds: readonly ResourceKind[] = [
  configMap,
  event,
  namespace,
  pod,
  secret,
  serviceAccount,
  endpointSlice,
  lease,
  customResourceDefinition,
  clusterPullSecret,
  pullSecret,
]

/** Every group is served in one version. */
export const versionOfGroup = (group: string): string =>
  resourceKinds.find((kind) => kind.group === group)?.version ?? 'v1'

/** Custom resources. */
export const customKinds: readonly string[] = resourceKinds.flatMap(({ kind, version }) =>
  version === undefined ? [] : kind,
)
