/** Authorizes a request, with the API's error messages.
 *  https://kubernetes.io/docs/reference/access-authn-authz/authorization/ */
import { forbidden, StatusError } from '../calls/status-error.ts'
import type { Attributes, Authorization } from './authorization.ts'

/** @throws StatusError 403 */
export function authorize(authorization: Authorization, attributes: Attributes): void {
  if (authorization.isAllowed(attributes)) return
  const { user, verb, group = '', resource, namespace, name, path } = attributes
  const attempt = `User ${JSON.stringify(user)} cannot ${verb}`
  if (resource === undefined) {
    throw new StatusError(403, 'Forbidden', `forbidden: ${attempt} path ${JSON.stringify(path)}`, {})
  }
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope'
  const subject = { ...(name && { name }), ...(group && { group }), kind: resource.split('/')[0] ?? resource }
  throw forbidden(
    subject,
    `${attempt} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`,
  )
}
