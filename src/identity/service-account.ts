/**
 * The subject of the tokens of a ServiceAccount, which is also its user name.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */

interface ServiceAccountName {
  readonly namespace: string
  readonly name: string
}

const prefix = 'system:serviceaccount:'

export const subjectOf = ({ namespace, name }: ServiceAccountName): string => `${prefix}${namespace}:${name}`

/** Undefined for the subject of another token, such as that of a CI job. */
export function accountOf(subject: string): ServiceAccountName | undefined {
  if (!subject.startsWith(prefix)) return undefined
  const [namespace = '', name = '', ...more] = subject.slice(prefix.length).split(':')
  return namespace === '' || name === '' || more.length > 0 ? undefined : { namespace, name }
}
