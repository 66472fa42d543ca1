/**
 * A ValidatingAdmissionPolicy for the requests of one account of pullpass, and its binding.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */

import type { LabelRequirement, LabelSelector, NamespaceChoice } from '../../document/document.ts'
import { isGlob } from '../../document/kubernetes-names.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { subjectOf } from '../../identity/service-account.ts'
import { type Account, type Manifest, ownLabels } from '../manifest.ts'

export interface AdmissionPolicy {
  /** Part of the policy's name: `secrets`. */
  readonly about: string
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[]
  readonly resource: string
  /** Absent: the core group. */
  readonly group?: string
  readonly variables?: readonly { readonly name: string; readonly expression: string }[]
  /** The request is denied with the message of the first rule that is false. */
  readonly rules: readonly PolicyRule[]
}

interface PolicyRule {
  readonly expression: string
  readonly message: string
}

/** @throws DOCUMENT_INVALID if documents list more than a policy can contain */
export function renderPolicy(
  { about, operations, resource, group = '', variables, rules }: AdmissionPolicy,
  account: Account,
): Manifest[] {
  const api = 'admissionregistration.k8s.io/v1'
  const labels = { ...ownLabels, 'app.kubernetes.io/component': account.component }
  const metadata = { name: `${account.name}-${about}.${account.namespace}`, labels }
  return [
    {
      apiVersion: api,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [{ apiGroups: [group], apiVersions: ['*'], operations, resources: [resource] }],
        },
        matchConditions: [{ name: 'ours', expression: `request.userInfo.username == ${celText(subjectOf(account))}` }],
        ...(variables && { variables }),
        validations: rules.map((rule) => ({ ...bounded(rule), reason: 'Forbidden' })),
      },
    },
    {
      apiVersion: api,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: metadata.name, validationActions: ['Deny', 'Audit'] },
    },
  ]
}

/** The limit of CEL: the API server would reject a longer policy, and kubectl would continue to grant the permissions. */
const longestExpression = 100_000

function bounded(rule: PolicyRule): PolicyRule {
  const { length } = rule.expression
  if (length <= longestExpression) return rule
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `the documents list so many namespaces and names that their admission policy has ${length} characters`,
    expected: `at most ${longestExpression}, which is about 5,000 namespaces`,
    hint: 'select namespaces with globs or a label selector',
  })
}

// Strings and lists as CEL literals. https://cel.dev

/** A string literal in single quotes. */
export const celText = (text: string): string =>
  `'${text.replace(/[\\'\p{Cc}]/gu, (character) => `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`)}'`

export const celList = (texts: Iterable<string>): string => `[${[...texts].map(celText).join(', ')}]`

/** All clauses; true if there are none. @internal */
export const celAll = (clauses: readonly string[]): string => (clauses.length === 0 ? 'true' : clauses.join(' && '))

/** Any clause, each on its own line; false if there are none. */
export const celAny = (clauses: readonly string[]): string =>
  clauses.length === 0 ? 'false' : clauses.map((clause) => `(${clause})`).join(' ||\n')

// A document's selection of namespaces in CEL: the rules of document/namespaces.ts.
// https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/

/** The variable that the expressions below use. */
export const namespaceLabels = { name: 'labels', expression: 'namespaceObject.?metadata.labels.orValue({})' } as const

/** Of an object that has neither: garbage collection acts on owners, deletion on finalizers. */
export const ownedByNothing =
  'size(object.metadata.?finalizers.orValue([])) == 0 && size(object.metadata.?ownerReferences.orValue([])) == 0'

/** What custom resources may use, they may use in every other namespace. */
export const outsideOfSystem = "!request.namespace.startsWith('kube-')"

/** True if the request's namespace is selected. */
export function choiceInCel({ include, exclude = [], selector }: NamespaceChoice): string {
  return celAll([
    included(include ?? ['*']),
    ...(exclude.length > 0 ? [`!(${matches(exclude)})`] : []),
    ...(selector === undefined ? [] : selected(selector)),
  ])
}

/** Namespaces kube-* are selected only by their exact name. */
function included(entries: readonly string[]): string {
  const names = entries.filter((entry) => !isGlob(entry))
  const globs = entries.filter(isGlob)
  const byGlob = `${outsideOfSystem}${globs.includes('*') ? '' : ` && ${matches(globs)}`}`
  if (globs.length === 0) return matches(names)
  return names.length === 0 ? byGlob : `(${matches(names)} || (${byGlob}))`
}

function matches(entries: readonly string[]): string {
  const names = entries.filter((entry) => !isGlob(entry))
  const globs = entries.filter(isGlob)
  return [
    ...(names.length > 0 ? [`request.namespace in ${celList(names)}`] : []),
    ...(globs.length > 0 ? [`request.namespace.matches(${celText(patternOf(globs))})`] : []),
  ].join(' || ')
}

/** Globs contain no other special characters of regular expressions. */
const patternOf = (globs: readonly string[]) =>
  `^(${globs.map((glob) => glob.replaceAll('*', '.*').replaceAll('?', '.')).join('|')})$`

function selected({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string[] {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => required({ key, operator: 'In', values: [value] })),
    ...matchExpressions.map(required),
  ]
}

function required({ key, operator, values = [] }: LabelRequirement): string {
  const has = `${celText(key)} in variables.${namespaceLabels.name}`
  const oneOf = `variables.${namespaceLabels.name}[${celText(key)}] in ${celList(values)}`
  switch (operator) {
    case 'Exists':
      return has
    case 'DoesNotExist':
      return `!(${has})`
    case 'In':
      return `${has} && ${oneOf}`
    case 'NotIn':
      return `!(${has} && ${oneOf})`
    default:
      return operator satisfies never
  }
}
