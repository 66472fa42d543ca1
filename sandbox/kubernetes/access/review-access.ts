/** Access reviews, for the requesting user (SelfSubjectAccessReview) or for another one (SubjectAccessReview, which requires
 *  its own permission), and the review of who the requesting user is (SelfSubjectReview). They are not stored.
 *  https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/
 *  https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/self-subject-review-v1/ */
import type { SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import { readBody } from '../calls/read-body.ts'
import { json } from '../calls/representation.ts'
import { invalid, invalidValue, type StatusCause } from '../calls/status-error.ts'
import { isRecord, textField } from '../objects/kubernetes-object.ts'
import type { Attributes, Authorization } from './authorization.ts'

/** By their plural names. */
const reviews = {
  selfsubjectaccessreviews: 'SelfSubjectAccessReview',
  subjectaccessreviews: 'SubjectAccessReview',
} as const

export const isReviewed = (plural: string): plural is keyof typeof reviews => Object.hasOwn(reviews, plural)

const apiVersion = 'authorization.k8s.io/v1'

/** @throws StatusError 400, 422 */
export function reviewAccess(
  authorization: Authorization,
  { requester, plural }: { readonly requester: string; readonly plural: keyof typeof reviews },
  request: SandboxRequest,
): SandboxResponse {
  const kind = reviews[plural]
  const { spec: sent } = readBody(request, { apiVersion, kind, group: 'authorization' })
  const spec = isRecord(sent) ? sent : {}
  const [attributes, causes] = readAttributes(spec)
  if (kind === 'SubjectAccessReview' && hasNoSubject(spec)) causes.push(missingSubject)
  // The API's error has an empty kind.
  if (attributes === undefined || causes.length > 0)
    throw invalid({ name: '', group: 'authorization.k8s.io', kind: '' }, causes)
  const user = kind === 'SubjectAccessReview' ? textField(spec, 'user') : requester
  // Permissions are granted to users only, not to groups.
  const allowed = user !== '' && authorization.isAllowed({ user, ...attributes })
  return json(201, { kind, apiVersion, metadata: {}, spec: sent, status: { allowed } })
}

/** @throws StatusError 400 */
export function reviewSelf(requester: string, request: SandboxRequest): SandboxResponse {
  const type = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' }
  readBody(request, { ...type, group: 'authentication' })
  return json(201, { ...type, metadata: {}, status: { userInfo: { username: requester } } })
}

function readAttributes(spec: Record<string, unknown>): [Omit<Attributes, 'user'> | undefined, StatusCause[]] {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec
  if (isRecord(resource) && isRecord(other)) {
    const given = { Path: other['path'] ?? '', Verb: other['verb'] ?? '' }
    const why = 'cannot be specified in combination with resourceAttributes'
    return [undefined, [invalidValue('spec.nonResourceAttributes', given, why)]]
  }
  if (isRecord(resource)) return [resourceOf(resource), []]
  if (isRecord(other)) return [{ verb: textField(other, 'verb'), path: textField(other, 'path') }, []]
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
  return [undefined, [invalidValue('spec.resourceAttributes', null, why)]]
}

function resourceOf(fields: Record<string, unknown>): Omit<Attributes, 'user'> {
  const [plural, subresource] = [textField(fields, 'resource'), textField(fields, 'subresource')]
  return {
    verb: textField(fields, 'verb'),
    group: textField(fields, 'group'),
    resource: subresource ? `${plural}/${subresource}` : plural,
    namespace: textField(fields, 'namespace'),
    name: textField(fields, 'name'),
    path: '',
  }
}

const hasNoSubject = (spec: Record<string, unknown>) =>
  textField(spec, 'user') === '' && !(Array.isArray(spec['groups']) && spec['groups'].length > 0)

const missingSubject = invalidValue('spec.user', '', 'at least one of user or group must be specified')
