/**
 * The headers for a kubeconfig user that impersonates another one: without them pullpass would use its own permissions.
 * https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 */
import { asObject } from '../../text/json-fields.ts'
import { type KubeconfigEntry, kubeconfigInvalid, textField } from './load.ts'

/** Undefined without impersonation. @throws KUBECONFIG_INVALID if the impersonated user is not named */
export function impersonationHeaders(user: KubeconfigEntry): Record<string, string | string[]> | undefined {
  const as = textField(user, 'as')
  const uid = textField(user, 'as-uid')
  const groups = textsField(user, 'as-groups', user.fields['as-groups'])
  const extra = extraOf(user)
  if (as === undefined) {
    if (uid === undefined && groups.length === 0 && extra.length === 0) return undefined
    throw kubeconfigInvalid({
      seen: `a user in ${user.file} impersonates a uid, groups or extra fields, but no user`,
      expected: 'the name of the impersonated user, in the field as',
    })
  }
  return {
    'impersonate-user': headerText(user, 'as', as),
    ...(uid === undefined ? {} : { 'impersonate-uid': headerText(user, 'as-uid', uid) }),
    ...(groups.length > 0 ? { 'impersonate-group': groups } : {}),
    ...Object.fromEntries(extra),
  }
}

function extraOf(user: KubeconfigEntry): [string, string[]][] {
  const field = 'as-user-extra'
  const value = user.fields[field] ?? {}
  const extra = asObject(value)
  if (!extra) throw kubeconfigInvalid({ seen: `${field} in ${user.file} is not a map of lists` })
  return Object.entries(extra).map(([key, values]) => {
    const name = encodeURIComponent(headerText(user, field, key.toLowerCase())).replaceAll(/[()]/g, escaped)
    return [`impersonate-extra-${name}`, textsField(user, field, values)]
  })
}

/** RFC 9110 §5.1: a field name cannot contain parentheses, which encodeURIComponent does not encode. */
const escaped = (character: string) => `%${character.charCodeAt(0).toString(16)}`

function textsField(user: KubeconfigEntry, field: string, value: unknown): string[] {
  const list = value ?? []
  if (!Array.isArray(list)) throw kubeconfigInvalid({ seen: `${field} in ${user.file} is not a list` })
  return list.map((item: unknown) => {
    if (typeof item === 'string') return headerText(user, field, item)
    throw kubeconfigInvalid({
      seen: `${field} in ${user.file} contains a ${typeof item}`,
      expected: 'text: put it in quotes',
    })
  })
}

/** Other characters would be changed on the way, and name another user. */
function headerText(user: KubeconfigEntry, field: string, text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  throw kubeconfigInvalid({
    seen: `${field} in ${user.file} contains characters that are not allowed in a header`,
    expected: 'ASCII',
  })
}
