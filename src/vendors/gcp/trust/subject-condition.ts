/**
 * The default attribute condition of a provider: it accepts exactly the service accounts in use, so that no other account of the
 * cluster gets a token from Google, even if a grant names it by mistake.
 * https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes#create_the_workload_identity_pool_and_provider
 */

/** The limit of Google. */
export const longestCondition = 4096

/** Kubernetes names contain no character that CEL requires to be escaped. */
export const subjectCondition = (subjects: readonly string[]): string =>
  `assertion.sub in [${subjects.map((subject) => `'${subject}'`).join(', ')}]`

const list = /^assertion\.sub in \[(.+)\]$/
const single = /^assertion\.sub == (['"])([a-z0-9:.-]+)\1$/
const quoted = /^(['"])([a-z0-9:.-]+)\1$/

/** The subjects of a condition that only lists subjects; undefined for any other condition. */
export function subjectsOf(condition: string): readonly string[] | undefined {
  if (condition.length > longestCondition) return undefined
  const one = single.exec(condition)?.[2]
  if (one !== undefined) return [one]
  const items = list.exec(condition)?.[1]?.split(',')
  const subjects = items?.map((item) => quoted.exec(item.trim())?.[2])
  return subjects?.every((subject) => subject !== undefined) ? subjects : undefined
}
