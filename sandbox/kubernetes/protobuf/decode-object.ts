/** Objects that kubectl's typed commands (`create`, `create token`) send: a message in the envelope of Kubernetes.
 *  https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding-idl, numbers as in k8s.io/api's generated.proto */
import { decodeMessage, type MessageShape } from './decode-message.ts'

const magic = Buffer.from('k8s\0')
const typeMeta: MessageShape = { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] }

const ownerReference: MessageShape = {
  1: ['kind', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['controller', 'boolean'],
  7: ['blockOwnerDeletion', 'boolean'],
}
const objectMeta: MessageShape = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  11: ['labels', { mapOf: 'string' }],
  12: ['annotations', { mapOf: 'string' }],
  13: ['ownerReferences', { list: ownerReference }],
  14: ['finalizers', { list: 'string' }],
}
const metadata = ['metadata', { message: objectMeta }] as const
const boundObjectReference: MessageShape = {
  1: ['kind', 'string'],
  2: ['apiVersion', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
}

const resourceAttributes: MessageShape = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
}

const messages: Readonly<Record<string, MessageShape>> = {
  Secret: {
    1: metadata,
    2: ['data', { mapOf: 'bytes' }],
    3: ['type', 'string'],
    4: ['stringData', { mapOf: 'string' }],
    5: ['immutable', 'boolean'],
  },
  ConfigMap: {
    1: metadata,
    2: ['data', { mapOf: 'string' }],
    3: ['binaryData', { mapOf: 'bytes' }],
    4: ['immutable', 'boolean'],
  },
  SelfSubjectAccessReview: {
    1: metadata,
    2: [
      'spec',
      {
        message: {
          1: ['resourceAttributes', { message: resourceAttributes }],
          2: ['nonResourceAttributes', { message: { 1: ['path', 'string'], 2: ['verb', 'string'] } }],
        },
      },
    ],
  },
  Namespace: { 1: metadata, 2: ['spec', { message: { 1: ['finalizers', { list: 'string' }] } }] },
  ServiceAccount: {
    1: metadata,
    2: ['secrets', { list: { 3: ['name', 'string'] } }],
    3: ['imagePullSecrets', { list: { 1: ['name', 'string'] } }],
    4: ['automountServiceAccountToken', 'boolean'],
  },
  TokenRequest: {
    1: metadata,
    2: [
      'spec',
      {
        message: {
          1: ['audiences', { list: 'string' }],
          3: ['boundObjectRef', { message: boundObjectReference }],
          4: ['expirationSeconds', 'integer'],
        },
      },
    ],
  },
}

/** The object as JSON, or undefined for an unknown kind. @throws RangeError for other bytes */
export function decodeObject(bytes: Buffer): Record<string, unknown> | undefined {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new RangeError('the envelope does not begin with k8s')
  const envelope = readEnvelope(bytes.subarray(magic.length))
  const { apiVersion, kind, raw } = envelope
  const shape = messages[kind]
  if (!shape) return undefined
  const { metadata: meta, ...fields } = decodeMessage(shape, raw)
  return { ...withoutEmpty(fields), apiVersion, kind, metadata: withoutEmpty(Object(meta)) }
}

function readEnvelope(bytes: Buffer): { apiVersion: string; kind: string; raw: Buffer } {
  const { type = {}, raw = '' } = decodeMessage({ 1: ['type', { message: typeMeta }], 2: ['raw', 'bytes'] }, bytes)
  const { apiVersion = '', kind = '' }: { apiVersion?: string; kind?: string } = Object(type)
  return { apiVersion, kind, raw: Buffer.from(String(raw), 'base64') }
}

/** Go encodes unset strings as empty ones, which JSON omits. */
const withoutEmpty = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
