/** CRC-32C of bytes (RFC 3720 §B.4), big-endian in base64, as Cloud Storage reports it. */
import type { IamPolicies } from '../iam/iam-policies.ts'

const table = Array.from({ length: 256 }, (_, index) => {
  let remainder = index
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
  return remainder >>> 0
})

export function crc32c(bytes: Buffer): string {
  let remainder = 0xffffffff
  for (const byte of bytes) remainder = (table[(remainder ^ byte) & 0xff] ?? 0) ^ (remainder >>> 8)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE((remainder ^ 0xffffffff) >>> 0)
  return sum.toString('base64')
}

/** Buckets of Cloud Storage and their objects: each write creates a new generation. */
export interface StoredObject {
  readonly bucket: string
  readonly name: string
  readonly contentType: string
  /** Absent: the default of the server. */
  readonly cacheControl?: string
  readonly bytes: Buffer
  readonly generation: string
  readonly createdAt: Date
}

export interface Bucket {
  readonly name: string
  readonly publicAccessPrevention: 'inherited' | 'enforced'
  readonly createdAt: Date
}

export interface ObjectStore {
  /** Creates an empty bucket; `public`: allUsers may read and list its objects. */
  readonly putBucket: (
    name: string,
    options?: { access?: 'public' | 'private'; publicAccessPrevention?: Bucket['publicAccessPrevention'] },
  ) => void
  readonly removeBucket: (name: string) => void
  /** Grants or revokes public read access. */
  readonly setAccess: (bucket: string, access: 'public' | 'private') => void
  readonly findBucket: (name: string) => Bucket | undefined
  /** @throws if the bucket does not exist */
  readonly put: (bucket: string, name: string, object: ObjectContent) => StoredObject
  readonly find: (bucket: string, name: string) => StoredObject | undefined
  readonly remove: (bucket: string, name: string) => void
  /** By name. */
  readonly list: (bucket: string) => readonly StoredObject[]
}

interface ObjectContent {
  readonly contentType: string
  readonly cacheControl?: string
  readonly body: string | Buffer
}

/** The resource of the policy of a bucket. */
export const bucketResource = (name: string): string => `projects/_/buckets/${name}`

const publicRole = 'roles/storage.objectViewer'

export function createObjectStore(policies: IamPolicies, now: () => Date): ObjectStore {
  const buckets = new Map<string, Bucket & { readonly objects: Map<string, StoredObject> }>()
  let lastGeneration = 0n
  const known = (name: string) => {
    const bucket = buckets.get(name)
    if (!bucket) throw new Error(`no bucket ${name} in the sandbox: create it first with putBucket`)
    return bucket
  }
  /** Microseconds; incremented by one if the clock has not advanced. */
  const nextGeneration = () => {
    const time = BigInt(now().getTime()) * 1000n
    lastGeneration = time > lastGeneration ? time : lastGeneration + 1n
    return `${lastGeneration}`
  }
  const setAccess: ObjectStore['setAccess'] = (name, access) => {
    policies.deny(bucketResource(known(name).name), 'allUsers')
    if (access === 'public') policies.allow(bucketResource(name), publicRole, 'allUsers')
  }
  return {
    putBucket(name, { access = 'private', publicAccessPrevention = 'inherited' } = {}) {
      buckets.set(name, { name, publicAccessPrevention, createdAt: now(), objects: new Map() })
      policies.forget(bucketResource(name))
      setAccess(name, access)
    },
    removeBucket: (name) => void buckets.delete(name),
    setAccess,
    findBucket: (name) => buckets.get(name),
    put(bucket, name, { body, ...described }) {
      const bytes = Buffer.from(body)
      const object = { bucket, name, ...described, bytes, generation: nextGeneration(), createdAt: now() }
      known(bucket).objects.set(name, object)
      return object
    },
    find: (bucket, name) => buckets.get(bucket)?.objects.get(name),
    remove: (bucket, name) => void known(bucket).objects.delete(name),
    list: (bucket) => [...(buckets.get(bucket)?.objects.values() ?? [])].toSorted(byName),
  }
}

const byName = (a: StoredObject, b: StoredObject) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
