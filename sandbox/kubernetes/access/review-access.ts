/** Reviews of access: whether whoever asks may do something (SelfSubjectAccessReview), or whether somebody else may
 *  (SubjectAccessReview, which takes a right of its own). Nothing is kept.
 *  https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/ */
import type { SandboxAnswer, SandboxRequest } from '../../serve/handler.ts'
import { json } from '../calls/answer-form.ts'
import { readBody } from '../calls/read-body.ts'
import { invalid, invalidValue, type StatusCause } from '../calls/status-error.ts'
import { isRecord } from '../objects/kubernetes-object.ts'
import { textField } from '../objects/text-field.ts'
import type { Attributes, Authorization } from './authorization.ts'

/** By their plurals. */
const reviews = {
  selfsubjectaccessreviews: 'SelfSubjectAccessReview',
  subjectaccessreviews: 'SubjectAccessReview',
} as const

export const isReviewed = (plural: string): plural is keyof typeof reviews => Object.hasOwn(reviews, plural)

const apiVersion = 'authorization.k8s.io/v1'

/** @throws StatusError 400, 422 */
export function reviewAccess(
  authorization: Authorization,
  { asker, plural }: { readonly asker: string; readonly plural: keyof typeof reviews },
  request: SandboxRequest,
): SandboxAnswer {
  const kind = reviews[plural]
  const { spec } = readBody(request, { apiVersion, kind, group: 'authorization' })
  const said = isRecord(spec) ? spec : {}
  const [asked, causes] = readQuestion(said)
  if (kind === 'SubjectAccessReview' && isNobody(said)) causes.push(nobody)
  // The API forgets to say of which kind.
  if (asked === undefined || causes.length > 0)
    throw invalid({ name: '', group: 'authorization.k8s.io', kind: '' }, causes)
  const user = kind === 'SubjectAccessReview' ? textField(said, 'user') : asker
  // Here rights are of users, never of groups alone.
  const allowed = user !== '' && authorization.isAllowed({ user, ...asked })
  return json(201, { kind, apiVersion, metadata: {}, spec, status: { allowed } })
}

function readQuestion(spec: Record<string, unknown>): [Omit<Attributes, 'user'> | undefined, StatusCause[]] {
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

function resourceOf(asked: Record<string, unknown>): Omit<Attributes, 'user'> {
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

const isNobody = (spec: Record<string, unknown>) =>
  textField(spec, 'user') === '' && !(Array.isArray(spec['groups']) && spec['groups'].length > 0)

const nobody = invalidValue('spec.user', '', 'at least one of user or group must be specified')
