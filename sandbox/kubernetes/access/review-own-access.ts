/** SelfSubjectAccessReview: whoever asks is told whether he may, and nothing is kept.
 *  https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/ */
import type { SandboxAnswer, SandboxRequest } from '../../serve/handler.ts'
import { json } from '../calls/answer-form.ts'
import { readBody } from '../calls/read-body.ts'
import { invalid, invalidValue, type StatusError } from '../calls/status-error.ts'
import { isRecord } from '../objects/kubernetes-object.ts'
import { textField } from '../objects/text-field.ts'
import type { Authorization } from './authorization.ts'

const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', group: 'authorization' }

/** @throws StatusError 400, 422 */
export function reviewOwnAccess(authorization: Authorization, user: string, request: SandboxRequest): SandboxAnswer {
  const { spec } = readBody(request, review)
  const { resourceAttributes: resource, nonResourceAttributes: other } = isRecord(spec) ? spec : {}
  if (isRecord(resource) && isRecord(other)) {
    const given = { Path: other['path'] ?? '', Verb: other['verb'] ?? '' }
    throw refused('spec.nonResourceAttributes', given, 'cannot be specified in combination with resourceAttributes')
  }
  const asked = isRecord(resource) ? resource : isRecord(other) ? other : undefined
  if (!asked) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
    throw refused('spec.resourceAttributes', null, why)
  }
  const allowed = authorization.isAllowed({ user, ...(asked === resource ? resourceOf(asked) : pathOf(asked)) })
  const { apiVersion, kind } = review
  return json(201, { kind, apiVersion, metadata: {}, spec, status: { allowed } })
}

function resourceOf(asked: Record<string, unknown>) {
  const [plural, subresource] = [textField(asked, 'resource'), textField(asked, 'subresource')]
  return {
    verb: textField(asked, 'verb'),
    group: textField(asked, 'group'),
    resource: subresource ? `${plural}/${subresource}` : plural,
    namespace: textField(asked, 'namespace'),
    name: textField(asked, 'name'),
    path: '',
  }
}

const pathOf = (asked: Record<string, unknown>) => ({ verb: textField(asked, 'verb'), path: textField(asked, 'path') })

/** The API forgets to say of which kind. */
const refused = (field: string, value: unknown, why: string): StatusError =>
  invalid({ name: '', group: review.apiVersion.split('/')[0] ?? '', kind: '' }, [invalidValue(field, value, why)])
