/**
 * Walks the whole way for documents: gathers what can be seen, then judges it, hop by hop. Nothing is changed; exchanges
 * and token requests are real, and writing is a dry run.
 *
 *   token ──▶ exchange ──▶ registry ─┐                      an earlier failure makes what follows from it `skipped`;
 *     └─▶ issuer, key, signature     ├─▶ write (dry run)    branches that do not depend on it go on
 *   cluster ──▶ rights, Secrets, pod ┘
 */

import { PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { SecretHook } from '../kubernetes/objects/webhooks.ts'
import { type ExchangeRequest, listExchangeRequests } from '../refresh/exchange-requests.ts'
import type { Outcome } from '../refresh/outcome.ts'
import type { TrialContext } from '../registry/pull.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import type { Asked, WantedImage } from './asked.ts'
import { explainEgress } from './egress.ts'
import { failedBy } from './failed-by.ts'
import { type Finding, failureOf, hopRank } from './finding.ts'
import { gatherAttachments } from './gather/gather-attachments.ts'
import { type ClusterFacts, gatherCluster } from './gather/gather-cluster.ts'
import type { AccountFacts, SecretFacts } from './gather/gather-places.ts'
import { gatherShadows, type ShadowFacts } from './gather/gather-shadows.ts'
import { gatherStored } from './gather/gather-stored.ts'
import { gatherWrites, mostNamespaces } from './gather/gather-writes.ts'
import { createPatience, type Patience, type Step } from './gather/patience.ts'
import { probeCluster } from './gather/probe-cluster.ts'
import type { WayFacts } from './gather/way-facts.ts'
import { gatherToRegistry } from './gather-to-registry.ts'
import { explainSecrets } from './judge/explain-secrets.ts'
import { judgeCluster } from './judge/judge-cluster.ts'
import { judgeLate } from './judge/judge-late.ts'
import { judgeStored } from './judge/judge-stored.ts'
import { judgeToRegistry } from './judge/judge-to-registry.ts'
import { judgeWrite } from './judge/judge-write.ts'
import { notTried } from './not-tried.ts'
import { secretNamesIn } from './secret-names-in.ts'

/** In the order of the way. `cluster`: or why there is none. */
export async function walk(asked: Asked, cluster: Cluster | PullpassError, context: VendorContext): Promise<Finding[]> {
  const demands = await listExchangeRequests(asked.documents, context.vendors)
  const misset = findMisset(demands, context)
  if (misset !== undefined) return [misset]
  const patience = createPatience(context.signal)
  const { findings, hooks } = await lookAround({ asked, demands, patience }, cluster, context)
  const late = patience.late()
  const all = late === undefined ? findings : judgeLate(findings, late, { asked, hooks })
  return inOrder(explainEgress(all, context.environment))
}

interface Looking {
  readonly asked: Asked
  readonly demands: readonly ExchangeRequest[]
  readonly patience: Patience
}

async function lookAround(
  { asked, demands, patience }: Looking,
  cluster: Cluster | PullpassError,
  context: VendorContext,
): Promise<{ readonly findings: Finding[]; readonly hooks: readonly SecretHook[] }> {
  const of = cluster instanceof PullpassError ? 'kubeconfig' : cluster.server
  const probed = await patience.await({ hops: ['cluster'], of }, undefined, () => probeCluster(cluster))
  const usable = probed?.finding.result === 'ok' ? probed.cluster : undefined
  const facts = usable && (await gatherCluster(asked, usable, patience))
  const images = imagesOf(asked, facts?.images ?? [])
  const way = await gatherToRegistry({ asked, demands, images }, usable, patience, context)
  const toRegistry = judgeToRegistry(way, {
    asked,
    images,
    pod: facts?.pod,
    clusterFailure: probed?.finding.result === 'failed' ? probed.finding : undefined,
    now: context.now(),
  })
  const before = [documentFound(asked), ...(probed === undefined ? [] : [probed.finding]), ...toRegistry]
  const shadows = await patience.await({ hops: ['pod-secrets'], of }, [], () =>
    shadowsOf(facts, images, { ...context, plainHttp: asked.plainHttp }),
  )
  const [demand] = demands
  const audience = demand?.audiences[0]
  const inCluster = judgeCluster(facts, { asked, images, shadows, before, audience, now: context.now() })
  const seen = [...before, ...inCluster.upToSecrets]
  const stored = await patience.await({ hops: ['stored-credential'], of: 'the registry' }, [], () =>
    gatherStored(sound(facts, asked, inCluster.upToSecrets), images, { ...context, plainHttp: asked.plainHttp }),
  )
  const found = [...seen, ...stored.map((one) => judgeStored(one, seen, asked.commands))]
  const written = await judgeWrites({ facts, way, found, asked, usable, patience }, context)
  const refused = await patience.await(
    { hops: ['service-account'], of, for: 'the dry run of service accounts' },
    new Map(),
    async () => await attachmentsOf(facts, usable),
  )
  const explained = explainSecrets(found, written)
  const findings = [...explained, ...written, ...inCluster.afterWrites([...explained, ...written], refused)]
  return { findings, hooks: facts?.hooks ?? [] }
}

interface Writing extends Pick<Looking, 'asked' | 'patience'> {
  readonly facts: ClusterFacts | undefined
  readonly way: WayFacts
  readonly found: readonly Finding[]
  /** A cluster that can be asked. */
  readonly usable: Cluster | undefined
}

async function judgeWrites(
  { facts, way, found, asked, usable, patience }: Writing,
  context: VendorContext,
): Promise<Finding[]> {
  const step: Step = { hops: ['write'], of: usable?.server ?? '', for: 'the dry run of Secrets' }
  const writes = await patience.await(step, [], () => writesOf(facts, way, usable, context))
  const namespaces = facts === undefined || facts.places instanceof PullpassError ? [] : (facts.places.namespaces ?? [])
  const judge = {
    before: found,
    hooks: facts?.hooks ?? [],
    labels: new Map(namespaces.map(({ name, labels }) => [name, labels])),
    commands: asked.commands,
  }
  return [
    ...writes.map((outcome) => judgeWrite(outcome, judge)),
    ...unwritten(writes, found),
    ...(writes.length > 0 ? untried(facts) : []),
  ]
}

async function attachmentsOf(
  facts: ClusterFacts | undefined,
  cluster: Cluster | undefined,
): Promise<ReadonlyMap<AccountFacts, PullpassError>> {
  if (cluster === undefined || facts === undefined || facts.places instanceof PullpassError) return new Map()
  return await gatherAttachments(facts.places.accounts, cluster)
}

async function writesOf(
  facts: ClusterFacts | undefined,
  { exchanges }: WayFacts,
  cluster: Cluster | undefined,
  context: VendorContext,
): Promise<Outcome[]> {
  if (cluster === undefined || facts === undefined || facts.places instanceof PullpassError) return []
  return await gatherWrites(facts.places, exchanges, cluster, context)
}

async function shadowsOf(
  facts: ClusterFacts | undefined,
  images: readonly WantedImage[],
  context: TrialContext,
): Promise<ShadowFacts[]> {
  if (facts?.pod === undefined || facts.places instanceof PullpassError) return []
  const own = secretNamesIn(facts.pod.asked.namespace, facts.places.jobs)
  return await gatherShadows({ pod: facts.pod, own, images }, context)
}

/** Of the one namespace that is asked about: what is known to be wrong, or another's, is not tried. */
function sound(facts: ClusterFacts | undefined, { namespace }: Asked, found: readonly Finding[]): SecretFacts[] {
  if (facts === undefined || facts.places instanceof PullpassError || namespace === undefined) return []
  const good = found
    .filter(({ hop, result, code }) => hop === 'secret' && (result === 'ok' || code === 'SECRET_OUTDATED'))
    .map(({ about }) => about)
  return facts.places.secrets.filter((one) => good.includes(`Secret ${one.namespace}/${one.document.secretName}`))
}

/** Documents with more namespaces than are tried. */
function untried(facts: ClusterFacts | undefined): Finding[] {
  const jobs = facts === undefined || facts.places instanceof PullpassError ? [] : facts.places.jobs
  return jobs
    .filter(({ namespaces }) => namespaces.length > mostNamespaces)
    .map(({ document: { secretName }, namespaces }) => ({
      hop: 'write',
      about: `Secret ${secretName}`,
      result: 'skipped',
      code: 'SAMPLED',
      seen: `written dry in ${mostNamespaces} of ${namespaces.length} namespaces, to spare the API server`,
    }))
}

/** Without a credential nothing can be written, dry or not. */
function unwritten(writes: readonly Outcome[], found: readonly Finding[]): Finding[] {
  if (writes.length > 0 || failureOf(found, 'cluster') !== undefined) return []
  const cause = failureOf(found, 'subject-token', 'clock', 'publish', 'exchange', 'impersonation') ?? unexchanged(found)
  if (cause !== undefined) return [notTried('write', 'Secrets', cause)]
  const absent = found.find(({ hop, code }) => hop === 'subject-token' && code === 'TOKEN_FILE_ELSEWHERE')
  if (absent === undefined) return []
  const { hop, code } = absent
  const seen = 'not tried, without a credential'
  return [{ hop: 'write', about: 'Secrets', result: 'skipped', code, seen, because: { hop, code } }]
}

/** A token that waits for its key is no failure, and gives no credential now. */
const unexchanged = (found: readonly Finding[]) =>
  found.find(({ hop, code }) => hop === 'exchange' && code === 'DEPENDENCY_FAILED')

/** @throws what is no misset variable */
function findMisset(demands: readonly ExchangeRequest[], { environment }: VendorContext): Finding | undefined {
  for (const { checkEnvironment } of demands) {
    try {
      checkEnvironment(environment)
    } catch (fault) {
      if (!(fault instanceof PullpassError)) throw fault
      return failedBy('document', 'the environment', fault)
    }
  }
  return undefined
}

function documentFound({ documents }: Asked): Finding {
  const seen = documents.map(({ kind, name, source }) => `${kind} ${name} (${source})`).join(', ')
  return {
    hop: 'document',
    about: `${documents.length} ${documents.length === 1 ? 'document' : 'documents'}`,
    result: 'ok',
    code: 'OK',
    seen,
  }
}

/** `--image` alone, or else those of the pod. */
const imagesOf = ({ image }: Asked, ofPod: readonly WantedImage[]): readonly WantedImage[] =>
  image === undefined ? ofPod : [image]

const inOrder = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((one, other) => hopRank(one.hop) - hopRank(other.hop))
