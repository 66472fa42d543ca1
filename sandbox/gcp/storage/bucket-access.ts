/** Authorization for a bucket: operators, and members to which the bucket's policy grants a role with the permission. */
import type { SandboxRequest } from '../../serve/handler.ts'
import { type AccessTokens, cloudPlatform, membersOf } from '../access-tokens.ts'
import type { IamPolicies, RequestedResource } from '../iam/iam-policies.ts'
import type { Operators } from '../operators.ts'
import { bucketResource, type ObjectStore } from './object-store.ts'

export interface BucketAccess {
  /** Undefined for an unknown token. */
  readonly callerOf: (request: SandboxRequest) => Caller | undefined
  /** `object`: absent if the permission is on the bucket itself, as for a list. */
  readonly may: (caller: Caller, permission: string, bucket: string, object?: string) => boolean
}

export interface Caller {
  /** Absent: anonymous. */
  readonly member?: string
  readonly members: readonly string[]
}

export interface BucketAccessNeeds {
  readonly store: ObjectStore
  readonly policies: IamPolicies
  readonly operators: Operators
  readonly holderOf: AccessTokens['holderOf']
}

const storageScopes = [cloudPlatform, 'full_control', 'read_write'].map((name) =>
  name === cloudPlatform ? name : `https://www.googleapis.com/auth/devstorage.${name}`,
)

/** https://cloud.google.com/storage/docs/access-control/iam-roles, the permissions for objects and lists. */
const permissionsOf: Readonly<Record<string, readonly string[]>> = {
  'roles/storage.objectViewer': ['storage.objects.get', 'storage.objects.list'],
  'roles/storage.legacyObjectReader': ['storage.objects.get'],
  'roles/storage.objectCreator': ['storage.objects.create'],
  'roles/storage.objectUser': objectPermissions(),
  'roles/storage.objectAdmin': objectPermissions(),
  'roles/storage.legacyBucketReader': ['storage.buckets.get', 'storage.objects.list'],
  'roles/storage.admin': [
    ...objectPermissions(),
    'storage.buckets.get',
    'storage.buckets.getIamPolicy',
    'storage.buckets.setIamPolicy',
  ],
}

function objectPermissions(): string[] {
  return ['get', 'list', 'create', 'delete'].map((name) => `storage.objects.${name}`)
}

export const createBucketAccess = ({ store, policies, operators, holderOf }: BucketAccessNeeds): BucketAccess => ({
  callerOf({ headers }) {
    const accessToken = /^Bearer (.+)$/i.exec(headers['authorization'] ?? '')?.[1]
    if (accessToken === undefined) return { members: ['allUsers'] }
    const holder = holderOf(accessToken)
    if (!holder) return undefined
    const scoped = holder.scopes.some((scope) => storageScopes.includes(scope))
    return { member: holder.member, members: scoped ? membersOf(holder) : ['allUsers'] }
  },
  may({ member, members }, permission, bucket, object) {
    if (member !== undefined && operators.may(member, permission)) return true
    const roles = Object.keys(permissionsOf).filter((role) => permissionsOf[role]?.includes(permission))
    const publicMembers = ['allUsers', 'allAuthenticatedUsers']
    const enforced = store.findBucket(bucket)?.publicAccessPrevention === 'enforced'
    const counted = enforced ? members.filter((one) => !publicMembers.includes(one)) : members
    return policies.grants(bucketResource(bucket), roles, counted, requestedResource(bucket, object))
  },
})

/** https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name: a list is compared by the bucket's name. */
function requestedResource(bucket: string, object: string | undefined): RequestedResource {
  const service = 'storage.googleapis.com'
  const name = bucketResource(bucket)
  return object === undefined
    ? { name, type: `${service}/Bucket`, service }
    : { name: `${name}/objects/${object}`, type: `${service}/Object`, service }
}
