/** What a refresh would write, tried by a dry run: the API server checks everything, admission too, and stores nothing. */
import type { RegistryCredential } from '../../credential/registry-credential.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { applyPullSecrets } from '../../refresh/apply-pull-secrets.ts'
import { mintedFrom } from '../../refresh/exchange-requests.ts'
import type { Outcome } from '../../refresh/outcome.ts'
import type { Job } from '../../refresh/plan.ts'
import type { ExchangeFacts } from './gather-exchanges.ts'
import type { PlaceFacts, SecretFacts } from './gather-places.ts'

/** Of each document so many namespaces are tried: they differ in who owns the Secret, which is read of all. */
export const mostNamespaces = 20

/** Nothing of documents of which an exchange failed. */
export async function gatherWrites(
  { jobs, secrets }: PlaceFacts,
  exchanges: readonly ExchangeFacts[],
  cluster: Cluster,
  context: Context,
): Promise<Outcome[]> {
  const minted = new Map(
    exchanges.flatMap(({ demand, result }) =>
      result === undefined || result instanceof PullpassError ? [] : [[demand.mintedFrom, result] as const],
    ),
  )
  const ready = jobs
    .filter((job) => isMinted(job, minted))
    .map((job) => ({ ...job, namespaces: job.namespaces.slice(0, mostNamespaces) }))
  const surroundings = {
    of: (document: Job['document']) => listedOf(secrets.filter((one) => one.document === document)),
  }
  const apply = {
    minted,
    surroundings,
    refreshedAt: context.now(),
    mode: 'dry-run',
    onProgress: () => undefined,
  } as const
  return await applyPullSecrets(ready, apply, cluster, context)
}

const isMinted = ({ document }: Job, minted: ReadonlyMap<string, RegistryCredential>) =>
  document.registries.every((registry) => minted.has(mintedFrom(document, registry)))

function listedOf(secrets: readonly SecretFacts[]) {
  const found = secrets.flatMap(({ namespace, content }) =>
    content === undefined || content instanceof PullpassError ? [] : [[namespace, content] as const],
  )
  const faults = secrets.flatMap(({ namespace, content }) =>
    content instanceof PullpassError ? [[namespace, content] as const] : [],
  )
  return { found: new Map(found), faults: new Map(faults) }
}
