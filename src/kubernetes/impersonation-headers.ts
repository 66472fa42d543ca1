/**
 * The headers for a kubeconfig user that acts as another one: left out, pullpass would act with the rights of the first.
 * https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 */
import { asList, asObject, asText, type JsonObject } from '../outside/json-fields.ts'

/** Undefined where the user acts as itself. */
export function impersonationHeaders(user: JsonObject): Record<string, string | string[]> | undefined {
  const as = asText(user['as'])
  if (!as) return undefined
  const uid = asText(user['as-uid'])
  const groups = texts(user['as-groups'])
  const extra = Object.entries(asObject(user['as-user-extra']) ?? {})
  return {
    'impersonate-user': as,
    ...(uid ? { 'impersonate-uid': uid } : {}),
    ...(groups.length > 0 ? { 'impersonate-group': groups } : {}),
    ...Object.fromEntries(
      extra.map(([key, values]) => [`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`, texts(values)]),
    ),
  }
}

const texts = (value: unknown) => asList(value).filter((item) => typeof item === 'string')
