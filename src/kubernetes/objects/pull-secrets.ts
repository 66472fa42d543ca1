/** The parts of a Secret's metadata that show its owner; everything else is discarded immediately. */
import { pullSecretType } from '../../credential/docker-config.ts'
import { isRecordAnnotation, recordAnnotations } from '../../credential/pull-secret-record.ts'
import { asList, asObject, asText, asTexts, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'
import { Redacted } from '../../text/redacted.ts'
import type { Cluster } from '../connection/cluster.ts'
import { type DeleteWays, deleteObject, instantOf, lastWrite } from './api-object.ts'
import { isDocumentManager } from './apply-pull-secret.ts'
import { type Listed, type ListRequest, listByName, metadataOnly } from './list.ts'

export interface PullSecretMetadata {
  readonly namespace: string
  readonly uid: string
  readonly resourceVersion: string
  /** Only those of a record. */
  readonly annotations: Readonly<Record<string, string>>
  /** kubectl's last-applied-configuration, which may hold a whole credential: its value is dropped. */
  readonly lastApplied: 'present' | 'absent'
  /** Whether `app.kubernetes.io/managed-by` is `pullpass`. */
  readonly labelled: boolean
  /** Names of the field managers that own `.dockerconfigjson`, that label, and each of our annotations by its name. */
  readonly owners: {
    readonly data: readonly string[]
    readonly label: readonly string[]
    readonly annotations: ReadonlyMap<string, readonly string[]>
  }
  /** Names of the field managers that own its type or other data, and not `.dockerconfigjson`. */
  readonly otherDataOwners: readonly string[]
  /** Names of the field managers that own its type, which every writer states: who created or adopted it. */
  readonly typeOwners: readonly string[]
  /** UIDs of the objects that own it by references that documents of pullpass set, with the field manager of each. */
  readonly ownedBy: readonly { readonly manager: string; readonly uid: string }[]
  readonly deleting: boolean
}

const managedBy = 'app.kubernetes.io/managed-by'
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** Pure. Never contains the value of an annotation that is not ours. @internal */
export function pullSecretMetadata(secret: JsonObject): PullSecretMetadata {
  const metadata = asObject(secret['metadata']) ?? {}
  const annotations = asObject(metadata['annotations']) ?? {}
  return {
    namespace: asText(metadata['namespace']) ?? '',
    uid: asText(metadata['uid']) ?? '',
    resourceVersion: asText(metadata['resourceVersion']) ?? '',
    annotations: asTexts(annotations, (name) => isRecordAnnotation(name, annotations[name])),
    lastApplied: annotations[lastApplied] === undefined ? 'absent' : 'present',
    labelled: asObject(metadata['labels'])?.[managedBy] === 'pullpass',
    ...allOwners(asList(metadata['managedFields'])),
    deleting: metadata['deletionTimestamp'] !== undefined,
  }
}

type Owners = Pick<PullSecretMetadata, 'owners' | 'otherDataOwners' | 'typeOwners' | 'ownedBy'>

const allOwners = (managedFields: readonly unknown[]): Owners =>
  managedFields.length > mostManagers
    ? manyOwners
    : {
        owners: ownersOf(managedFields),
        otherDataOwners: otherDataOwnersOf(managedFields),
        typeOwners: typeOwnersIn(managedFields),
        ownedBy: ownersSetBy(managedFields),
      }

/** The API server keeps ten of those that update. Any number can apply, each by a name of its own: they are compared with each other. */
const mostManagers = 100

const many = `more than ${mostManagers} field managers`
/** As a Secret of another owner. */
const manyOwners: Owners = {
  owners: { data: [many], label: [], annotations: new Map() },
  otherDataOwners: [],
  typeOwners: [many],
  ownedBy: [],
}

/** The data of a Secret of another type has other keys. */
const otherDataOwnersOf = (managedFields: readonly unknown[]): string[] =>
  managedFields.flatMap((entry) => {
    const { manager, fieldsV1 } = asObject(entry) ?? {}
    const fields = asObject(fieldsV1)
    const ownsOther = fields?.['f:type'] !== undefined || fields?.['f:data'] !== undefined
    const ownsOurs = asObject(fields?.['f:data'])?.['f:.dockerconfigjson'] !== undefined
    return typeof manager === 'string' && ownsOther && !ownsOurs ? [manager] : []
  })

const typeOwnersIn = (managedFields: readonly unknown[]): string[] =>
  managedFields.flatMap((entry) => {
    const { manager, fieldsV1 } = asObject(entry) ?? {}
    return asObject(fieldsV1)?.['f:type'] === undefined ? [] : String(manager)
  })

/** A reference is `k:{"uid":"…"}` in FieldsV1. */
function ownersSetBy(managedFields: readonly unknown[]): PullSecretMetadata['ownedBy'] {
  return managedFields.flatMap((entry) => {
    const { manager, fieldsV1 } = asObject(entry) ?? {}
    if (typeof manager !== 'string' || !isDocumentManager(manager)) return []
    const references = asObject(asObject(asObject(fieldsV1)?.['f:metadata'])?.['f:ownerReferences']) ?? {}
    return Object.keys(references).flatMap((key) => {
      const uid = key.startsWith('k:') ? asText(asObject(jsonOrNone(key.slice('k:'.length)))?.['uid']) : undefined
      return uid === undefined ? [] : [{ manager, uid }]
    })
  })
}

/** FieldsV1: a tree of `f:NAME`. https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management */
function ownersOf(managedFields: readonly unknown[]): PullSecretMetadata['owners'] {
  const data: string[] = []
  const label: string[] = []
  const annotations = new Map<string, string[]>()
  for (const entry of managedFields) {
    const { manager, fieldsV1 } = asObject(entry) ?? {}
    const fields = asObject(fieldsV1)
    if (typeof manager !== 'string' || !fields) continue
    if (asObject(fields['f:data'])?.['f:.dockerconfigjson']) data.push(manager)
    const metadata = asObject(fields['f:metadata'])
    if (asObject(metadata?.['f:labels'])?.[`f:${managedBy}`]) label.push(manager)
    for (const field of Object.keys(asObject(metadata?.['f:annotations']) ?? {})) {
      const name = field.slice('f:'.length)
      if (recordAnnotations.includes(name)) annotations.set(name, [...(annotations.get(name) ?? []), manager])
    }
  }
  return { data, label, annotations }
}

/** A pull secret of any name and owner. */
export interface AnyPullSecret extends PullSecretMetadata {
  readonly name: string
  readonly createdAt: Date | undefined
  /** When a manager that owns the credential last changed one of its fields; undefined where none is recorded. */
  readonly writtenAt: Date | undefined
}

export function anyPullSecret(secret: JsonObject): AnyPullSecret {
  const metadata = asObject(secret['metadata'])
  const found = pullSecretMetadata(secret)
  return {
    ...found,
    name: asText(metadata?.['name']) ?? '',
    createdAt: instantOf(metadata?.['creationTimestamp']),
    writtenAt: lastWrite(
      asList(metadata?.['managedFields']),
      ({ manager }) => typeof manager === 'string' && found.owners.data.includes(manager),
    ),
  }
}

/** Of one namespace or the whole cluster, of one name or all; metadata only. A name is authorized by a rule with that name alone. */
export const allPullSecrets = ({ namespace, name }: Partial<Record<'namespace' | 'name', string>>): ListRequest => ({
  path: `/api/v1/${namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`}secrets`,
  fieldSelector: `${name === undefined ? '' : `metadata.name=${name},`}type=${pullSecretType}`,
  accept: metadataOnly,
  call: { verb: 'list', resource: 'secrets', ...(name && { name }), ...(namespace && { namespace }) },
})

/** The pull secrets of one name, metadata only: their data is not requested. */
export async function listPullSecrets(
  cluster: Cluster,
  name: string,
  namespaces: readonly string[] | 'all',
): Promise<Listed<PullSecretMetadata>> {
  const named = { resource: 'secrets', name, namespaces, accept: metadataOnly } as const
  return await listByName(cluster, named, pullSecretMetadata)
}

/** Pull secrets of one name with their data, which is only needed to keep the entries of a failed registry. */
export interface PullSecretContent extends PullSecretMetadata {
  /** `kubernetes.io/dockerconfigjson`, or another type. */
  readonly type: string
  /** Whether the Secret is immutable. */
  readonly immutable: boolean
  /** Names of all field managers of the Secret, whatever they own. */
  readonly managers: readonly string[]
  /** Absent where the Secret has no `.dockerconfigjson`. */
  readonly dockerConfigJson: Redacted | undefined
  /** Absent where it has no `.dockercfg`, the legacy format. */
  readonly dockerCfg: Redacted | undefined
}

/** It needs the permission to `list` by name, not to `get`. */
export async function readPullSecretData(
  cluster: Cluster,
  name: string,
  namespaces: readonly string[] | 'all',
): Promise<Listed<PullSecretContent>> {
  const named = { resource: 'secrets', name, namespaces, accept: 'application/json' } as const
  return await listByName(cluster, named, contentOf)
}

function contentOf(secret: JsonObject): PullSecretContent {
  const data = (name: string): Redacted | undefined => {
    const encoded = asText(asObject(secret['data'])?.[name])
    return encoded === undefined ? undefined : new Redacted(Buffer.from(encoded, 'base64').toString('utf8'))
  }
  return {
    ...pullSecretMetadata(secret),
    type: asText(secret['type']) ?? 'Opaque',
    immutable: secret['immutable'] === true,
    managers: managersOf(secret),
    dockerConfigJson: data('.dockerconfigjson'),
    dockerCfg: data('.dockercfg'),
  }
}

function managersOf(secret: JsonObject): string[] {
  const entries = asList(asObject(secret['metadata'])?.['managedFields'])
  const names = entries.map((entry) => asText(asObject(entry)?.['manager']))
  return [...new Set(names.filter((name) => name !== undefined))]
}

const secretType = { group: '', version: 'v1', kind: 'Secret', resource: 'secrets' }

/** Exactly this Secret, in the state in which it was read. @throws as deleteObject */
export const deletePullSecret = (
  cluster: Cluster,
  name: string,
  { namespace, uid, resourceVersion }: Pick<PullSecretMetadata, 'namespace' | 'uid' | 'resourceVersion'>,
  dryRun: DeleteWays['dryRun'],
): Promise<'deleted' | 'absent'> =>
  deleteObject(cluster, { type: secretType, namespace, name, uid }, { dryRun, resourceVersion })
