/**
 * Which pods are evicted for a document with `stuckPods: Evict`. The kubelet waits up to five minutes between two attempts to pull an
 * image, whatever happens to the pull secret meanwhile; a new pod pulls immediately. Pure.
 */
import type { Document } from '../../document/document.ts'
import type { StuckPod } from '../../kubernetes/objects/pending-pods.ts'
import type { AnyPullSecret } from '../../kubernetes/objects/pull-secrets.ts'
import type { ServiceAccount } from '../../kubernetes/objects/service-accounts.ts'
import { parseImageReference } from '../../registry/image-reference.ts'
import { matchImage } from '../../registry/match-credentials.ts'
import type { Credentials } from '../credentials.ts'
import { evaluateSecret } from '../evaluate-secret.ts'

export interface PodSurroundings {
  /** The pull secret in the namespace of the pod. */
  readonly secret: AnyPullSecret
  /** The pod's own, if the document names it. */
  readonly account: ServiceAccount | undefined
}

/**
 * When the content that serves the pod was written; undefined: the pod is not evicted. Both times are of the API server: clocks of the
 * controller and of nodes are not compared.
 *
 *   the pod names the Secret              and the kubelet reported the failure before the Secret was written
 *   the pod names no Secret at all        and its account was attached after the pod was created: a new pod names the Secret
 */
export function servedSince(
  document: Document,
  { namespace, imagePullSecrets, images, reportedAt }: StuckPod,
  { secret, account }: PodSurroundings,
  { credentials, now }: { readonly credentials: Pick<Credentials, 'entryDueAt'>; readonly now: Date },
): Date | undefined {
  const { writtenAt } = secret
  if (writtenAt === undefined) return undefined
  const named = imagePullSecrets.includes(document.secretName)
  const later = imagePullSecrets.length === 0 && account?.imagePullSecrets.includes(document.secretName) === true
  if (!(named && reportedAt < writtenAt) && !later) return undefined
  const { verdict, entries } = evaluateSecret(document, { namespace, found: secret }, credentials, now)
  if (verdict === 'changed') return undefined
  const valid = new Set(entries.flatMap(({ registry, expiresAt }) => (expiresAt && expiresAt > now ? [registry] : [])))
  const hosts = document.registries.flatMap((registry) => (valid.has(registry.name) ? registry.hosts : []))
  return images.some((image) => isServed(image, hosts)) ? writtenAt : undefined
}

function isServed(image: string, hosts: readonly string[]): boolean {
  const reference = parseImageReference(image)
  return reference !== undefined && matchImage(hosts, reference).length > 0
}
