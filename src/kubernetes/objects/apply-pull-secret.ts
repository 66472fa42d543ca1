/**
 * One pull secret, by server-side apply. Only a dry run returns its data, which shows the changes by admission.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
import { createHash } from 'node:crypto'
import { parseDockerConfig, pullSecretType } from '../../credential/docker-config.ts'
import type { ObjectOwner } from '../../document/document.ts'
import { asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { Redacted } from '../../text/redacted.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster, ClusterResponse } from '../connection/cluster.ts'
import { malformed, readResponse } from '../connection/response.ts'
import { parseStatus } from '../connection/status.ts'
import { metadataOfOne } from './list.ts'

export interface PullSecret {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** The document that the kubelet reads: JSON with `auths`. */
  readonly dockerConfigJson: Redacted
  /** Only this very Secret is updated; none is created. */
  readonly uid?: string
  /** Only from this state. */
  readonly resourceVersion?: string
  /** The Secret is deleted when none of these exists any more. */
  readonly ownerReferences?: readonly ObjectOwner[]
}

export interface ApplyOptions {
  /** The field manager, at most 128 bytes. */
  readonly manager: string
  /** Whether fields of other managers are taken over, or the apply gives way to them. */
  readonly force: 'force' | 'yield'
  /** `all`: the API server checks everything and stores nothing. */
  readonly dryRun: 'all' | 'none'
}

export type Applied =
  /** A dry run changes no resourceVersion, and returns none for an object that it would create: each update is `updated`. */
  | {
      readonly outcome: 'created' | 'updated' | 'unchanged'
      readonly uid: string
      readonly resourceVersion: string
      /** Of a dry run: fields that admission changed, so that something else would be stored than what was sent. */
      readonly rewritten?: readonly string[]
    }
  /** The namespace is being deleted: no object can be created in it, and none is needed. */
  | { readonly outcome: 'terminating' }

/**
 * @throws SECRET_NOT_OURS where another manager owns a field, SECRET_CONFLICT where the Secret does not have this `uid` and
 * `resourceVersion`, NAMESPACE_NOT_FOUND, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, SECRET_TYPE_WRONG, OBJECT_TOO_LARGE
 */
export async function applySecret(cluster: Cluster, secret: PullSecret, options: ApplyOptions): Promise<Applied> {
  const { namespace, name } = secret
  const response = await cluster.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}?${applyQuery(options)}`,
    accept: options.dryRun === 'all' ? 'application/json' : metadataOfOne,
    contentType: 'application/apply-patch+yaml', // JSON is YAML
    body: () => manifestOf(secret),
    ...(options.dryRun === 'all' && { maxResponseBytes: largestSecret }),
  })
  if (response.status === 200 || response.status === 201) return readApplied(cluster, response, secret, options)
  if (isTerminating(response)) return { outcome: 'terminating' }
  cluster.secrets.add(...sentSecrets(secret.dockerConfigJson))
  throw readStatus(cluster, response, { verb: 'patch', resource: 'secrets', name, namespace })
}

/** Bytes: etcd takes no larger object, and base64 is in it already. */
const largestSecret = 2 * 1024 * 1024

function applyQuery({ manager, force, dryRun }: ApplyOptions): string {
  const forced = force === 'force' ? '&force=true' : ''
  return `fieldManager=${encodeURIComponent(manager)}${forced}${dryRun === 'all' ? '&dryRun=All' : ''}`
}

function manifestOf(secret: PullSecret): Redacted {
  const { namespace, name, uid, resourceVersion, labels, annotations, ownerReferences, dockerConfigJson } = secret
  const manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, uid, resourceVersion, labels, annotations, ownerReferences },
    type: pullSecretType,
    // `data`, since keys of `stringData` that are dropped later would stay.
    data: { '.dockerconfigjson': encode(dockerConfigJson) },
  }
  return new Redacted(JSON.stringify(manifest))
}

/** Thousands of namespaces get the same document. */
const encoded = new WeakMap<Redacted, string>()

/** Standard base64: the kubelet takes no other. */
function encode(dockerConfigJson: Redacted): string {
  const known = encoded.get(dockerConfigJson) ?? Buffer.from(dockerConfigJson.reveal()).toString('base64')
  encoded.set(dockerConfigJson, known)
  return known
}

function readApplied(cluster: Cluster, response: ClusterResponse, secret: PullSecret, options: ApplyOptions): Applied {
  const object = readResponse(cluster, response)
  const metadata = asObject(object['metadata'])
  const uid = asText(metadata?.['uid'])
  const resourceVersion = asText(metadata?.['resourceVersion'])
  if (!uid) throw malformed(cluster.server, response.status, Buffer.byteLength(response.body))
  const same = options.dryRun === 'none' && resourceVersion === secret.resourceVersion
  const outcome = response.status === 201 ? 'created' : same ? 'unchanged' : 'updated'
  const rewritten = options.dryRun === 'all' ? rewrittenFields(object, secret) : []
  return { outcome, uid, resourceVersion: resourceVersion ?? '', ...(rewritten.length > 0 && { rewritten }) }
}

/** What a mutating webhook or policy adds does no harm; what it changes of ours is lost. */
function rewrittenFields(object: JsonObject, { dockerConfigJson, labels, annotations }: PullSecret): string[] {
  const metadata = asObject(object['metadata'])
  const changed = (field: 'labels' | 'annotations', sent: Readonly<Record<string, string>>) =>
    Object.entries(sent)
      .filter(([name, value]) => asObject(metadata?.[field])?.[name] !== value)
      .map(([name]) => `metadata.${field}[${name}]`)
  const data = asText(asObject(object['data'])?.['.dockerconfigjson'])
  return [
    ...(data === encode(dockerConfigJson) ? [] : ['data[.dockerconfigjson]']),
    ...(object['type'] === pullSecretType ? [] : ['type']),
    ...changed('labels', labels),
    ...changed('annotations', annotations),
  ]
}

function isTerminating(response: ClusterResponse): boolean {
  if (response.status !== 403) return false
  return parseStatus(response)?.causes.some(({ reason }) => reason === 'NamespaceTerminating') ?? false
}

// The field manager of a document: two documents that claim one Secret conflict, instead of overwriting each other in turn.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers

/** The API server takes no longer name. Bytes. */
const longest = 128

/** `pullpass:KIND:NAMESPACE/NAME`, or `pullpass:KIND:NAME` for a document without a namespace; hashed over 128 bytes. */
export function fieldManager(document: {
  readonly kind: string
  readonly namespace?: string | undefined
  readonly name: string
}): string {
  const { kind, namespace, name } = document
  const plain = `pullpass:${kind}:${namespace === undefined ? name : `${namespace}/${name}`}`
  if (Buffer.byteLength(plain) <= longest) return plain
  return `pullpass:${createHash('sha256').update(plain).digest('hex')}`
}

/** Whether a field manager is that of a document, of this or another installation. */
export const isDocumentManager = (manager: string): boolean => manager.startsWith('pullpass:')

/** Of a pull secret, what a refusal must not repeat: the passwords, and the whole document as it is sent; hosts are not secret. */
function sentSecrets(dockerConfigJson: Redacted): Redacted[] {
  const { entries } = parseDockerConfig(dockerConfigJson)
  return [new Redacted(encode(dockerConfigJson)), ...[...entries.values()].map(({ password }) => password)]
}
