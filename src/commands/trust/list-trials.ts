/** What is to be tried after trust was made: each registry of each document, with each cluster's token. */

import type { DocumentRegistry } from '../../document/document.ts'
import type { NamespacedName } from '../../document/namespaced-name.ts'
import { requestedAccount } from '../../document/requested-account.ts'
import { decodeSubjectToken } from '../../identity/decode-subject-token.ts'
import { readTokenFile } from '../../identity/read-token-file.ts'
import { tokenFilePath } from '../../identity/token-file-path.ts'
import { requestToken } from '../../kubernetes/request-token.ts'
import type { Environment } from '../../outside/outside.ts'
import { settingsOf } from '../../trust/plan-trust.ts'
import type { Trial } from '../../trust/prove-trust.ts'
import type { GatheredCluster } from './gather-clusters.ts'
import type { PreparedTrust } from './prepare-trust.ts'

export function listTrials({ documents, clusters, asked }: PreparedTrust, environment: Environment): Trial[] {
  return clusters.flatMap((cluster) =>
    documents.flatMap((document) =>
      document.registries.map((registry) => ({
        name: `registry ${registry.name} of ${document.kind}/${document.name} in cluster ${cluster.name}`,
        registry: { ...registry, settings: settingsOf(registry.settings, cluster) },
        repository: registry.settings.trust?.repository ?? asked.repository ?? '',
        token: tokenOf(requestedAccount(document, registry), { registry, cluster, environment }),
      })),
    ),
  )
}

interface Source {
  readonly registry: DocumentRegistry
  readonly cluster: GatheredCluster
  readonly environment: Environment
}

/** A file that holds a token lies in a pod: on a laptop there is none, and nothing can be tried. */
function tokenOf(account: NamespacedName | undefined, { registry, cluster, environment }: Source): Trial['token'] {
  return async (audience, lifeSeconds) => {
    const { connection } = cluster
    if (account === undefined || connection === undefined) {
      return await readTokenFile(registry.tokenFile ?? tokenFilePath(undefined, environment), registry.tokenFileField)
    }
    const { value } = await requestToken(connection, account, { audience, lifeSeconds })
    return decodeSubjectToken(value, `the token of service account ${account.namespace}/${account.name}`)
  }
}
