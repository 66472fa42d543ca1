/**
 * An organization of Chainguard: its folders, identities, roles and role bindings. A UIDP is a path of ids, whose first part is that of
 * the organization. https://github.com/chainguard-dev/sdk/tree/main/proto/chainguard/platform/iam/v2
 */
import { randomBytes } from 'node:crypto'

/** The organization, or a folder. */
interface Group {
  readonly uid: string
  readonly name: string
}

export interface ClaimMatch {
  readonly issuer?: string
  readonly issuerPattern?: string
  readonly subject?: string
  readonly subjectPattern?: string
  readonly audience?: string
  readonly audiencePattern?: string
  readonly claims?: Readonly<Record<string, string>>
}

export interface StaticKeys {
  readonly issuer: string
  readonly subject: string
  /** JWKS. */
  readonly issuerKeys: string
  readonly expirationTime: string
  readonly audiences?: readonly string[]
}

/** With one of claimMatch, staticKeys and awsIdentity. */
export interface Identity {
  readonly uid: string
  readonly name: string
  readonly description: string
  readonly claimMatch?: ClaimMatch
  readonly staticKeys?: StaticKeys
  readonly awsIdentity?: object
}

interface Role {
  readonly uid: string
  readonly name: string
}

/** On the parent of its UIDP. */
export interface RoleBinding {
  readonly uid: string
  readonly identityUid: string
  readonly roleUid: string
}

export interface ChainguardState {
  /** Each by UIDP. */
  readonly groups: Map<string, Group>
  readonly identities: Map<string, Identity>
  readonly roles: Map<string, Role>
  readonly bindings: Map<string, RoleBinding>
}

export const roles = {
  pull: '2e1f5a7c9b3d4e6f8a0b1c2d3e4f5a6b7c8d9e0f',
  viewer: '63921b2c44617e3f2603851537be0123af4a57d7',
  owner: '9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c0b',
} as const

const roleNames = { pull: 'registry.pull', viewer: 'viewer', owner: 'owner' } as const

export const createState = (groups: readonly Group[]): ChainguardState => ({
  groups: new Map(groups.map((one) => [one.uid, one])),
  identities: new Map(),
  roles: new Map(
    (['pull', 'viewer', 'owner'] as const).map((key) => [roles[key], { uid: roles[key], name: roleNames[key] }]),
  ),
  bindings: new Map(),
})

export const newUid = (parent: string): string => `${parent}/${randomBytes(8).toString('hex')}`

export const parentOf = (uid: string): string => uid.split('/').slice(0, -1).join('/')

/** As images name it: `ORGANIZATION/FOLDER`. */
function pathOf(groups: ChainguardState['groups'], uid: string): string {
  const name = groups.get(uid)?.name ?? ''
  return uid.includes('/') ? `${pathOf(groups, parentOf(uid))}/${name}` : name
}

/** A role on the organization or a folder applies to the folders in it. */
export const mayPull = (state: ChainguardState, identityUid: string, path: string): boolean =>
  [...state.bindings.values()].some(
    ({ uid, identityUid: of, roleUid }) =>
      of === identityUid && roleUid === roles.pull && path.startsWith(`${pathOf(state.groups, parentOf(uid))}/`),
  )
