/**
 * A document's choice of namespaces, as an admission policy can judge it: `choose-namespaces.ts` in CEL.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
import type { LabelRequirement, LabelSelector, NamespaceChoice } from '../document/document.ts'
import { isGlob } from '../document/kubernetes-names.ts'
import { celAll, celList, celText } from './cel.ts'

/** What `namespaceLabels` stands for in the expressions. */
export const namespaceLabels = { name: 'labels', expression: 'namespaceObject.?metadata.labels.orValue({})' } as const

/** Whether the request's namespace is chosen. */
export function choiceInCel({ include, exclude = [], selector }: NamespaceChoice): string {
  return celAll([
    included(include ?? ['*']),
    ...(exclude.length > 0 ? [`!(${matches(exclude)})`] : []),
    ...(selector === undefined ? [] : selected(selector)),
  ])
}

/** Namespaces kube-* are chosen only by their exact name. */
function included(entries: readonly string[]): string {
  const names = entries.filter((entry) => !isGlob(entry))
  const globs = entries.filter(isGlob)
  const byGlob = `!request.namespace.startsWith('kube-')${globs.includes('*') ? '' : ` && ${matches(globs)}`}`
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

/** Globs hold nothing else that a regular expression would take for its own. */
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
