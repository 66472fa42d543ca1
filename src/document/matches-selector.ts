/** Kubernetes' label selectors. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
import type { LabelRequirement, LabelSelector } from './document.ts'

type Labels = Readonly<Record<string, string>>

/** Whether `labels` have all that the selector asks for; an empty selector asks for nothing. */
export function matchesSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    matchExpressions.every((requirement) => meets(requirement, labelOf(labels, requirement.key)))
  )
}

/** As Kubernetes has it, a namespace without the label is not in any set: NotIn chooses it. */
function meets({ operator, values = [] }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return operator satisfies never
  }
}

/** A label may be called `constructor`. */
function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
