/**
 * The desired resources of documents at Chainguard: the identities that they name, each for the token of one ServiceAccount, and a
 * role binding of each identity for each organization or folder that it pulls from. Pure.
 */
import type { TrustedCluster, TrustNeed } from '../../trust/contract.ts'
import { describeMarked, markedName, markOf } from '../../trust/marks.ts'
import { checkIssuers, documentInvalid, groupByRepository, nonEmpty, validRepositoriesOf } from '../../trust/needs.ts'
import { repositories } from '../names.ts'
import type { ChainguardSettings } from '../settings.ts'

/** What an identity compares with a token. */
export type Claims = Readonly<Record<(typeof claimNames)[number], string>>

/** In the order of plans. */
export const claimNames = ['issuer', 'subject', 'audience'] as const

export interface DesiredIdentity extends Claims {
  readonly uid: string
  /** Of the cluster, as far as they are known: an identity can store them. */
  readonly keys: TrustedCluster['keys']
  /** Audiences that an identity without one accepts: the host of the token service, and its origin. */
  readonly usualAudiences: readonly string[]
  /** Of the cluster. */
  readonly mark: string
  /** What a new identity is named; contains the mark. */
  readonly name: string
  readonly description: string
}

export interface DesiredBinding {
  readonly identity: DesiredIdentity
  /** `ORGANIZATION`, or `ORGANIZATION/FOLDER`. */
  readonly on: string
  /** Of the ServiceAccounts that need it: it is recorded in each. */
  readonly namespaces: readonly string[]
  /** All of the identity, if it is the first of them: what the identity may do in addition is reported once. */
  readonly all: readonly string[]
}

export interface DesiredState {
  readonly identities: readonly DesiredIdentity[]
  readonly bindings: readonly DesiredBinding[]
}

type Need = TrustNeed<ChainguardSettings>

/** @throws DOCUMENT_INVALID, USAGE_INVALID */
export function desiredState(needs: readonly Need[]): DesiredState {
  checkIssuers(needs, 'Chainguard')
  const groups = [...Map.groupBy(needs, ({ registry }) => registry.settings.identity).values()].map(nonEmpty)
  const desired = groups.map((its) => ({ identity: identityFor(its), its }))
  return {
    identities: desired.map(({ identity }) => identity),
    bindings: desired.flatMap(({ identity, its }) => bindingsOf(identity, its)),
  }
}

const claimsOf = ({ registry: { audience, settings }, cluster: { issuer }, subject }: Need): Claims => ({
  issuer,
  subject,
  audience: audience ?? settings.endpoint,
})

/** An identity has one issuer, subject and audience. @throws DOCUMENT_INVALID */
function identityFor(needs: readonly [Need, ...Need[]]): DesiredIdentity {
  const [first] = needs
  const { cluster, registry } = first
  const claims = claimsOf(first)
  const { identity: uid, endpoint } = registry.settings
  for (const other of needs) {
    const [field] = claimNames.filter((name) => claimsOf(other)[name] !== claims[name])
    if (field === undefined) continue
    throw documentInvalid(
      other.document.source,
      `identity ${uid} is for tokens with the ${field} ${claims[field]} and ${claimsOf(other)[field]}`,
      {
        expected:
          'an identity for each ServiceAccount of each cluster: it accepts one issuer, one subject and one audience',
        hint: 'name different identities in chainguard.identity',
      },
    )
  }
  const mark = markOf(claims)
  return {
    ...claims,
    uid,
    keys: cluster.keys,
    usualAudiences: [endpoint, new URL(endpoint).host],
    mark,
    name: markedName(mark, claims.subject, 12),
    description: describeMarked([claims.issuer], longestDescription),
  }
}

/** https://github.com/chainguard-dev/sdk/blob/main/validation/description.go */
const longestDescription = 512

const missing = 'does not name the organization or folders whose images are pulled'

/** @throws DOCUMENT_INVALID */
function bindingsOf(identity: DesiredIdentity, needs: readonly Need[]): DesiredBinding[] {
  const places = groupByRepository(needs, (need) => validRepositoriesOf(need, missing, repositories))
  const all = places.map(({ name }) => name)
  return places.map(({ name, namespaces }, index) => ({ identity, on: name, namespaces, all: index === 0 ? all : [] }))
}

/** Of resources, in plans. */
export const identityName = ({ uid }: Pick<DesiredIdentity, 'uid'>): string => `identities/${uid}`
export const bindingName = ({ on, identity }: Pick<DesiredBinding, 'on' | 'identity'>): string =>
  `pull from ${on} as ${identityName(identity)}`
