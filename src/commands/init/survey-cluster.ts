/** What a cluster shows for a new document: its issuer, and which namespaces pull from a registry, with which pull secrets. */
import { brokenRule } from '../../document/field-rules.ts'
import { objectName } from '../../document/kubernetes-names.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { listPages } from '../../kubernetes/objects/list.ts'
import { podOf } from '../../kubernetes/objects/pods.ts'
import { readClusterIssuer } from '../../oidc/cluster/cluster-issuer.ts'
import { parseImageReference } from '../../registry/image-reference.ts'
import { matchImage } from '../../registry/match-credentials.ts'
import { asObject, asText } from '../../text/json-fields.ts'

export interface ClusterSurvey {
  /** Or why it cannot be read. */
  readonly issuer: string | PullpassError
  /** Namespaces with pods that pull from one of the hosts, in alphabetical order; or why pods cannot be listed. */
  readonly namespaces: readonly string[] | PullpassError
  /** Names of the pull secrets that these pods use, in alphabetical order. */
  readonly pullSecrets: readonly string[]
}

export async function surveyCluster(cluster: Cluster, hosts: readonly string[]): Promise<ClusterSurvey> {
  const issuer = await readClusterIssuer(cluster).then(
    (found) => found.issuer,
    (fault: unknown) => asFaultOfStep(fault),
  )
  const pods = await listPods(cluster).catch((fault: unknown) => asFaultOfStep(fault))
  if (pods instanceof PullpassError) return { issuer, namespaces: pods, pullSecrets: [] }
  const pulling = pods.filter(({ containers }) => containers.some(({ image }) => isServed(image, hosts)))
  return {
    issuer,
    namespaces: [...new Set(pulling.map(({ namespace }) => namespace))].toSorted(),
    // API servers do not check these names, and tenants write them: a name that no Secret can have is not shown.
    pullSecrets: [...new Set(pulling.flatMap(({ imagePullSecrets }) => imagePullSecrets))]
      .filter((name) => brokenRule(objectName, name) === undefined)
      .toSorted(),
  }
}

function isServed(image: string, hosts: readonly string[]): boolean {
  const reference = parseImageReference(image)
  return reference !== undefined && matchImage(hosts, reference).length > 0
}

const listPods = (cluster: Cluster) =>
  listPages(
    cluster,
    { path: '/api/v1/pods', accept: 'application/json', call: { verb: 'list', resource: 'pods' } },
    (item) => {
      const metadata = asObject(item['metadata'])
      return podOf(item, { namespace: asText(metadata?.['namespace']) ?? '', name: asText(metadata?.['name']) ?? '' })
    },
  )

/** A missing permission affects one fact; any other error of the cluster ends the survey. */
function asFaultOfStep(fault: unknown): PullpassError {
  const isOfStep =
    fault instanceof PullpassError &&
    ['KUBERNETES_FORBIDDEN', 'DISCOVERY_FORBIDDEN', 'DISCOVERY_NOT_FOUND', 'DISCOVERY_MALFORMED'].includes(fault.code)
  if (!isOfStep) throw fault
  return fault
}
