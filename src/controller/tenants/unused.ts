/** PullSecrets of a cluster whose controller does not use any: the team that wrote one waits for its Secret. */
import { pullSecretType } from '../../document/custom-resource.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { readResponse } from '../../kubernetes/connection/response.ts'
import { collectionPath } from '../../kubernetes/objects/api-object.ts'
import { metadataOnly } from '../../kubernetes/objects/list.ts'
import { asList } from '../../text/json-fields.ts'
import type { TenantLimits } from './limits.ts'

/** Milliseconds. */
const recheckMs = 10 * 60_000

interface Used {
  readonly cluster: Cluster
  readonly customResources: 'used' | 'ignored'
  readonly tenants?: TenantLimits | undefined
}

/**
 * A warning when the first one exists. Ends then, and where they may not be listed: without the flags an installation has no permission
 * for them. A failure is tried again at the next check. @throws the signal's reason
 */
export async function reportUnused(
  { cluster, customResources, tenants }: Used,
  { log, sleep, signal }: Pick<Context, 'log' | 'sleep' | 'signal'>,
): Promise<void> {
  if (customResources === 'ignored' || tenants !== undefined) return
  const path = `${collectionPath(pullSecretType)}?limit=1`
  for (;;) {
    try {
      const response = await cluster.request({ method: 'GET', path, accept: metadataOnly })
      if (response.status === 401 || response.status === 403) return
      if (response.status === 200 && asList(readResponse(cluster, response)['items']).length > 0) {
        log('warn', 'PullSecrets exist and are not used', { fix })
        return
      }
    } catch (error) {
      if (!(error instanceof PullpassError)) throw error
    }
    await sleep(recheckMs, signal)
  }
}

const fix =
  'to use them: --tenant-service-account, --tenant-secret-name and --tenant-audience; or print the installation again with --tenant-service-account NAME'
