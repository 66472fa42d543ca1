/**
 * A ValidatingAdmissionPolicy for the requests of one account of pullpass, and its binding.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
import { PullpassError } from '../outside/pullpass-error.ts'
import { celText } from './cel.ts'
import { type Account, type Manifest, ownLabels, userName } from './manifest.ts'

export interface AdmissionPolicy {
  /** `secrets`, of which the policy's name is made. */
  readonly about: string
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[]
  readonly resource: string
  readonly variables?: readonly { readonly name: string; readonly expression: string }[]
  /** All of them hold, or the request is refused in the words of the first that does not. */
  readonly rules: readonly PolicyRule[]
}

interface PolicyRule {
  readonly expression: string
  readonly message: string
}

/** @throws DOCUMENT_INVALID where documents list more than a policy can hold */
export function renderPolicy(
  { about, operations, resource, variables, rules }: AdmissionPolicy,
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
          resourceRules: [{ apiGroups: [''], apiVersions: ['*'], operations, resources: [resource] }],
        },
        matchConditions: [{ name: 'ours', expression: `request.userInfo.username == ${celText(userName(account))}` }],
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

/** CEL reads no longer expression; the API server would refuse the policy, and kubectl go on to grant the rights. */
const longestExpression = 100_000

function bounded(rule: PolicyRule): PolicyRule {
  const { length } = rule.expression
  if (length <= longestExpression) return rule
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `the documents list so many namespaces and names that an admission policy of them has ${length} characters`,
    expected: `at most ${longestExpression}, which is about 5,000 namespaces`,
    hint: 'choose namespaces by globs or by a label selector',
  })
}
