/**
 * The Events of a controller: what a person must know. About a Secret, in its namespace, where its pods fail; about the Lease what
 * concerns a whole document, but about the PullSecret what concerns that of a tenant. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
import { pullSecretType } from '../document/custom-resource.ts'
import { type Document, isOfTenants, tenantOf } from '../document/document.ts'
import { eventReason } from '../errors/codes.ts'
import { described, fixClause, type PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { ObjectReference } from '../kubernetes/objects/events.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import { createEventRecorder, type ObservedEvent } from '../server/events.ts'
import type { CustomResource } from './custom-resources.ts'

interface EventedSecret {
  /** `ClusterPullSecret/NAME`. */
  readonly document: string
  readonly namespace: string
  readonly secretName: string
  readonly uid: string | undefined
}

interface EvictedPod extends Pick<EventedSecret, 'document' | 'namespace' | 'secretName'> {
  readonly name: string
  readonly uid: string
}

export interface ControllerEvents {
  /** A Secret that another manager wrote before was taken over. */
  adopted(secret: EventedSecret): void
  /** A Secret was deleted, since its document does not select the namespace any more. */
  deleted(secret: EventedSecret): void
  /** Another client changes a Secret again and again, and its repairs wait. `change`: `deleted`, `edited by NAMES`, `replaced by NAMES`. */
  repairsSlowed(secret: EventedSecret, change: string): void
  /** A stuck pod was evicted. */
  evicted(pod: EvictedPod): void
  /** A write or a deletion failed. Only a refusal is an Event: other failures are retried. */
  writeFailed(secret: EventedSecret, fault: PullpassError): void
  /** `expiresAt`: the earliest entry of this credential in a Secret; undefined: there is none. */
  exchangeFailed(
    request: Pick<ExchangeRequest, 'document' | 'registry'>,
    fault: PullpassError,
    expiresAt: Date | undefined,
  ): void
  /** An Event only if its current version is not valid, or not permitted; of ClusterPullSecrets, which have no namespace, there is none. */
  evaluated(resource: Pick<CustomResource, 'namespace' | 'name' | 'uid' | 'fault'>): void
}

export const conflictFix = 'stop the other client, or exclude the namespace'

/** A failure that lasts is reported so long before the first pull fails. Milliseconds. */
const soonMs = 15 * 60_000

/** `lease`: absent, there are no Events about documents, but for those of tenants. */
export function createControllerEvents(
  cluster: Cluster,
  lease: { readonly namespace: string; readonly name: string } | undefined,
  context: Pick<Context, 'now' | 'random' | 'log' | 'signal'>,
  onEnd: (error: unknown) => void,
): ControllerEvents {
  const recorder = createEventRecorder(cluster, { component: 'controller' }, context)
  const record = (about: ObjectReference, event: ObservedEvent) => {
    if (context.signal.aborted) return
    recorder.record([{ ...event, about }]).catch((error: unknown) => {
      if (!context.signal.aborted) onEnd(error)
    })
  }
  return {
    adopted(secret) {
      const message = `${secret.document} took over this Secret from its earlier manager: conflictPolicy is Adopt`
      record(secretOf(secret), { type: 'Normal', reason: 'SecretAdopted', ...scopeOf(secret), message })
    },
    deleted(secret) {
      const message = `${secret.document} no longer selects this namespace: deletionPolicy is Delete`
      record(secretOf(secret), { type: 'Normal', reason: 'SecretDeleted', message })
    },
    repairsSlowed: (secret, change) => record(secretOf(secret), slowed(secret, change)),
    evicted({ document, namespace, name, uid, secretName }) {
      const message = `${document} evicted this pod, whose image was not pulled: pull secret ${secretName} was refreshed since, and a new pod uses it`
      const pod = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }
      record(pod, { type: 'Normal', reason: 'StuckPodEvicted', message })
    },
    writeFailed(secret, fault) {
      if (fault.retryable) return
      const event = { type: 'Warning', reason: eventReason(fault.code), ...scopeOf(secret) } as const
      record(secretOf(secret), { ...event, message: messageOf(fault) })
    },
    exchangeFailed({ document, registry }, fault, expiresAt) {
      const scope = tenantOf(document)
      const about = scope === undefined ? lease && leaseOf(lease) : referenceOf(document)
      if (about === undefined) return
      const subject = `registry ${registry.name} of ${document.kind} ${document.name}`
      const warn = (reason: string, message: string) =>
        record(about, {
          type: 'Warning',
          reason,
          subject,
          ...(scope !== undefined && { scope }),
          message: `${subject}${message}: ${messageOf(fault)}`,
        })
      if (!fault.retryable) warn(eventReason(fault.code), '')
      if (expiresAt === undefined) return
      const leftMs = expiresAt.getTime() - context.now().getTime()
      if (leftMs <= 0) warn('SecretExpired', ' has expired in a selected namespace')
      else if (leftMs <= soonMs) warn('SecretExpiresSoon', ` expires in ${Math.ceil(leftMs / 60_000)} min`)
    },
    evaluated({ namespace, name, uid, fault }) {
      // In kube-*, where PullSecrets are not used, the policies of an installation permit none.
      if (namespace === undefined || namespace.startsWith('kube-') || fault === undefined) return
      const event = { type: 'Warning', reason: eventReason(fault.code), scope: namespace } as const
      record(referenceOf({ namespace, name, uid }), { ...event, message: messageOf(fault) })
    },
  }
}

const slowed = (secret: EventedSecret, change: string): ObservedEvent => ({
  type: 'Warning',
  reason: 'RepairsSlowed',
  ...scopeOf(secret),
  message: `this Secret was ${change} again and again: ${secret.document} restores it with increasing delays; fix: ${conflictFix}`,
})

const leaseOf = (lease: { readonly namespace: string; readonly name: string }): ObjectReference => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  ...lease,
})

const referenceOf = ({ namespace = '', name, uid }: Pick<Document, 'namespace' | 'name' | 'uid'>): ObjectReference => ({
  apiVersion: `${pullSecretType.group}/${pullSecretType.version}`,
  kind: pullSecretType.kind,
  namespace,
  name,
  ...(uid !== undefined && { uid }),
})

/** Of a Secret that the document of a tenant names: the tenant can cause any number of conflicts. */
const scopeOf = ({ document, namespace }: EventedSecret) => (isOfTenants(document) ? { scope: namespace } : {})

const secretOf = ({ namespace, secretName, uid }: EventedSecret): ObjectReference => ({
  apiVersion: 'v1',
  kind: 'Secret',
  namespace,
  name: secretName,
  ...(uid !== undefined && { uid }),
})

const messageOf = (fault: PullpassError): string => described(fault) + fixClause(fault)
