/** The kinds that the sandbox serves. */
import { configMap } from './config-map.ts'
import { endpointSlice } from './endpoint-slice.ts'
import { event } from './event.ts'
import { lease } from './lease.ts'
import { namespace } from './namespace.ts'
import { pod } from './pod.ts'
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
]
