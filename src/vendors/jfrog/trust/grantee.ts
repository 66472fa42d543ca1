/**
 * The user or group as which tokens act. pullpass does not create it. An identity mapping of another issuer that names it makes it an
 * identity of several clusters.
 * https://jfrog.com/help/r/jfrog-rest-apis/get-user-details, https://jfrog.com/help/r/jfrog-rest-apis/get-group-details
 */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import { accountOf } from '../../../identity/service-account.ts'
import { asList, asObject, asText } from '../../../text/json-fields.ts'
import { type Accepted, trustRefused } from '../../trust/contract.ts'
import { type OtherToken, sharingOf } from '../../trust/findings.ts'
import type { VendorFinding } from '../../trust/marked-resource.ts'
import { marksIn } from '../../trust/marks.ts'
import { orAbsent } from '../../trust/responses.ts'
import { type DesiredGrantee, type Grantee, granteeTitle } from './desired.ts'
import { actsAsToo, describeClaims, describeIdentity, listIntegrations, listMappings, listNames } from './found.ts'
import { type Platform, readJfrog, shownText } from './requests.ts'

interface FoundGrantee {
  readonly isAdmin: boolean
  /** Of a user, such as `enabled`. */
  readonly status: string
  /** Of a user. */
  readonly groups: readonly string[]
}

interface OtherOwner extends OtherToken {
  /** Of another cluster, whose tokens certainly act as it. */
  readonly isCluster: boolean
  /** How its tokens act as it. */
  readonly words: string
}

interface GranteeFacts {
  readonly found: FoundGrantee | undefined
  readonly others: readonly OtherOwner[]
  /** The number of integrations that were not read. */
  readonly unread: number
}

const granteePath = ({ kind, name }: Grantee): string => `/access/api/v2/${kind}s/${encodeURIComponent(name)}`

export async function observeGrantee(
  desired: DesiredGrantee,
  { sharing }: Accepted,
  platform: Platform,
): Promise<VendorFinding> {
  const found = await orAbsent(readJfrog(platform, granteePath(desired), foundGrantee))
  const others = found === undefined ? { others: [], unread: 0 } : await othersAs(desired, platform)
  return evaluateGrantee(desired, { found, ...others }, sharing)
}

function foundGrantee(body: unknown): FoundGrantee {
  const { admin, effective_admin, admin_privileges, status, groups } = asObject(body) ?? {}
  return {
    isAdmin: [admin, effective_admin, admin_privileges].includes(true),
    status: shownText(status),
    groups: asList(groups).flatMap((one) => shownText(one) || []),
  }
}

/** For messages. Characters. */
const longestIssuer = 300

/** Each is a request. */
const mostIntegrations = 50

async function othersAs(
  { clusters, integrations, ...grantee }: DesiredGrantee,
  platform: Platform,
): Promise<Omit<GranteeFacts, 'found'>> {
  const own = clusters.map(({ issuer }) => issuer)
  const elsewhere = (await listIntegrations(platform)).filter(({ name }) => !integrations.includes(name))
  const others: OtherOwner[] = []
  // One after the other: a platform has few. Names of JFrog are checked, since they are part of a path.
  for (const { name, issuer, description } of elsewhere.slice(0, mostIntegrations)) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(name)) continue
    const mappings = await listMappings(platform, name)
    for (const mapping of mappings) {
      const acts = actsAsToo(mapping, grantee)
      if (acts === 'no') continue
      const isOfCluster = marksIn(description).length > 0 || isOfAccounts(mapping.claims['sub'])
      others.push({
        issuer: issuer.slice(0, longestIssuer),
        subject: describeClaims(mapping),
        isCluster: acts === 'yes' && isOfCluster && !own.includes(issuer),
        words: acts === 'yes' ? 'also acts as it' : `may act as it too: as ${describeIdentity(mapping)}`,
      })
    }
  }
  return { others, unread: Math.max(0, elsewhere.length - mostIntegrations) }
}

/** Of ServiceAccounts, also by a wildcard. */
const isOfAccounts = (claim: unknown) =>
  [claim].flat().some((one) => {
    const text = asText(one) ?? ''
    return accountOf(text) !== undefined || text.startsWith('system:serviceaccount:')
  })

/** Pure. */
function evaluateGrantee(
  desired: DesiredGrantee,
  { found, others, unread }: GranteeFacts,
  sharing: Accepted['sharing'],
): VendorFinding {
  const present = { presence: found === undefined ? 'absent' : 'present' } as const
  const fault = whyUnusable(desired, found)
  if (found === undefined || fault !== undefined) return { ...present, verdict: 'refused', ...(fault && { fault }) }
  const {
    verdict = 'ok',
    sharedWith,
    fault: shared,
    notes: sharedNotes = [],
  } = sharingOf(
    { name: granteeTitle(desired), clusters: desired.clusters },
    others.filter(({ isCluster }) => isCluster),
    sharing,
  )
  const notes = [
    ...others.flatMap(({ issuer, subject, isCluster, words }) =>
      isCluster ? [] : [`${subject} of ${issuer} ${words}`],
    ),
    ...(found.groups.length === 0 ? [] : [`it has the permissions of the groups ${listNames(found.groups)} too`]),
    ...(unread === 0 ? [] : [`${unread} integrations were not read: others may act as it`]),
  ]
  return {
    ...present,
    verdict,
    notes: [...sharedNotes, ...notes],
    ...(sharedWith && { sharedWith }),
    ...(shared && { fault: shared }),
  }
}

function whyUnusable({ kind, name }: Grantee, found: FoundGrantee | undefined): PullpassError | undefined {
  const field = kind === 'user' ? 'jfrog.trust.username' : 'jfrog.trust.group'
  if (found === undefined) {
    return trustRefused(`${kind} ${name} does not exist`, {
      expected: `an existing ${kind}, as which the tokens act`,
      hint: `correct ${field}; or create it in Administration, User Management, without permissions: pullpass grants those to read`,
    })
  }
  if (found.isAdmin) {
    return trustRefused(`${kind} ${name} has the permissions of an administrator`, {
      expected: 'one that may only read the repositories: every token of the mapping would be an administrator',
      hint: `name another ${kind} in ${field}`,
    })
  }
  if (!['disabled', 'locked'].includes(found.status.toLowerCase())) return undefined
  return trustRefused(`${kind} ${name} is ${found.status.toLowerCase()}`, {
    expected: 'an enabled one: this one cannot pull',
    hint: `check who changed it, and enable it in Administration, User Management; or name another one in ${field}`,
  })
}
