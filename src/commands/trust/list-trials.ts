/** What is to be tried after trust was made: each registry of each document, with each cluster's token. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import { requestedAccount } from '../../document/requested-account.ts'
import { decodeSubjectToken } from '../../identity/decode-subject-token.ts'
import { readTokenFile } from '../../identity/read-token-file.ts'
import { tokenFilePath } from '../../identity/token-file-path.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { requestToken } from '../../kubernetes/request-token.ts'
import type { Environment } from '../../outside/outside.ts'
import type { Trial } from '../../trust/prove-trust.ts'
import type { AnyNeed } from '../../trust/trust-need.ts'
import { trustVendors } from '../../trust/trust-vendors.ts'
import type { GatheredCluster } from './gather-clusters.ts'

export async function listTrials(
  needs: readonly AnyNeed[],
  clusters: readonly GatheredCluster[],
  environment: Environment,
): Promise<Trial[]> {
  return await Promise.all(
    needs.map(async ({ document, registry, cluster, repository = '' }) => {
      const { repositories } = await trustVendors[registry.provider]()
      const connection = clusters.find((one) => one === cluster)?.connection
      return {
        name: `registry ${registry.name} of ${document.kind}/${document.name} in cluster ${cluster.name}`,
        registry,
        repository,
        image: repositories.imageIn(repository, 'pullpass-trial'),
        token: tokenOf(requestedAccount(document, registry), registry, connection, environment),
      }
    }),
  )
}

/** A file that holds a token lies in a pod: on a laptop there is none, and nothing can be tried. */
function tokenOf(
  account: NamespacedName | undefined,
  registry: AnyNeed['registry'],
  connection: Cluster | undefined,
  environment: Environment,
): Trial['token'] {
  return async (audience, lifeSeconds) => {
    if (account === undefined || connection === undefined) {
      return await readTokenFile(registry.tokenFile ?? tokenFilePath(undefined, environment), registry.tokenFileField)
    }
    const { value } = await requestToken(connection, account, { audience, lifeSeconds })
    return decodeSubjectToken(value, `the token of service account ${account.namespace}/${account.name}`)
  }
}
