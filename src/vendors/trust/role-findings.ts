/** Roles whose trust policy accepts subjects: the evaluations, and their sentences, that vendors with such roles share. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { SubjectsFrom } from './contract.ts'
import { notInFlag } from './findings.ts'
import { hasMarkedName, marksIn } from './marks.ts'

/** A sentence for each other cluster that the role was created for, also if it was created for one of these clusters too. */
export const describeSharing = (role: string, marks: readonly string[], description: string): string[] =>
  marksIn(description)
    .filter((mark) => !marks.includes(mark))
    .map((mark) => `pullpass created ${role} for another cluster, with the mark ${mark}`)

/** Service accounts of clusters that share a role have the same permissions. `field`: of a document, with the role. */
export const roleShared = (role: string, field: string, sharedWith: readonly string[]): PullpassError =>
  new PullpassError({
    code: 'TRUST_DOMAIN_SHARED',
    hop: 'trust',
    seen: `role ${role} belongs to another cluster: ${sharedWith.join('; ')}`,
    expected: 'a role for each cluster: clusters that share one have the same permissions',
    hint: `set another role in ${field}; or, if these clusters may have the same permissions, accept it: --share-trust-domain`,
  })

/** The role of documents, as far as it states which of its former subjects may be in use. */
interface RoleOfDocuments {
  /** Of the clusters. */
  readonly marks: readonly string[]
  /** Names of the policies of these documents. */
  readonly policies: readonly string[]
  readonly subjectsFrom: SubjectsFrom
}

/** What a statement of a trust policy accepts. `provider`: its ARN. */
interface AcceptedTokens {
  readonly provider: string
  readonly subject: string
  readonly audience: string
}

/** The subject, and the audience if documents use the subject with another one. */
export const describeTokens = (
  { statements }: { readonly statements: readonly AcceptedTokens[] },
  { provider, subject, audience }: AcceptedTokens,
): string =>
  statements.some((one) => one.subject === subject && one.provider === provider)
    ? `${subject} with audience ${audience}`
    : subject

/** As `describeTokens`, of a former statement: of several clusters, another one may use the subject. */
export const describeFormer = (
  desired: { readonly statements: readonly AcceptedTokens[] },
  former: AcceptedTokens,
): string =>
  desired.statements.every(({ provider }) => provider === former.provider)
    ? describeTokens(desired, former)
    : `${describeTokens(desired, former)} of ${former.provider}`

/**
 * Why statements for former subjects and audiences stay; undefined if they are removed. `policiesOf`: the names of all policies of the
 * role; undefined if the list is incomplete.
 */
export async function whyFormerStay(
  { marks, policies, subjectsFrom }: RoleOfDocuments,
  missing: readonly unknown[],
  policiesOf: () => Promise<readonly string[] | undefined>,
): Promise<string | undefined> {
  if (subjectsFrom === 'flag') return notInFlag
  // A refresh may still use it until the documents are rolled out.
  if (missing.length > 0)
    return 'which these documents do not use: run trust apply again after the documents are in use, which removes it'
  const found = await policiesOf()
  if (found === undefined)
    return `which these documents do not use; ${incompletePolicies}: if no other document uses it, remove it: --replace subjects`
  const others = found.filter((name) => hasMarkedName(name, marks) && !policies.includes(name))
  if (others.length === 0) return undefined
  return `which these documents do not use; other documents of the cluster use the role (${others.join(', ')}): pass them too with -f, or remove it: --replace subjects`
}

export const incompletePolicies = 'the list of its policies is incomplete'

/** What statements accept, in a description of a change. */
export const describeSubjects = (
  statements: readonly { readonly subject: string; readonly issuer: string; readonly audience: string }[],
): string =>
  statements.map(({ subject, issuer, audience }) => `${subject} of ${issuer} with audience ${audience}`).join(' and ')

/** What a trust policy accepts in addition to the subjects of the documents. */
interface FurtherTrust {
  /** ARNs of the documents' providers, of which a statement accepts more than one subject and audience. */
  readonly broad: readonly string[]
  /** Statements of other owners, for providers of the documents. */
  readonly further?: readonly AcceptedTokens[]
  /** ARNs of other providers. */
  readonly others: readonly string[]
  /** Not by tokens of a provider: `KIND NAME`. */
  readonly principals: readonly string[]
}

export const notesOnTrust = (
  desired: { readonly statements: readonly AcceptedTokens[] },
  { broad, further = [], others, principals }: FurtherTrust,
): string[] => [
  ...[...new Set(broad)].map((arn) => `its trust policy accepts further subjects or audiences of ${arn}`),
  ...further.map(
    (one) => `it also trusts ${describeTokens(desired, one)} of ${one.provider}, by a statement of another owner`,
  ),
  ...others.map((arn) => `it also trusts tokens of ${arn}`),
  ...principals.map((one) => `its trust policy also allows ${one} to assume it`),
]

/** The description of a role that clusters share, with the mark of each: its statements are then those of pullpass. */
export const withMarks = (description: string, marks: readonly string[]): string =>
  [...marks.filter((mark) => !marksIn(description).includes(mark)), description].join(' ')
