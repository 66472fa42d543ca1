/** Selects the namespaces of a document: include (absent: any) and selector (absent: any) and not exclude. Pure. */
import type { LabelRequirement, LabelSelector, NamespaceChoice } from './document.ts'
import { isGlob } from './kubernetes-names.ts'

export interface LabelledNamespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export interface ChosenNamespaces {
  /** In the order of the namespaces. */
  readonly chosen: string[]
  /** Names of `include` that do not exist and are not excluded. */
  readonly missing: string[]
  /** Globs of `include` that match no namespace outside of kube-*. */
  readonly unmatched: string[]
}

/** Namespaces kube-* are selected only by their exact name, not by a glob or a selector alone. */
export function chooseNamespaces(choice: NamespaceChoice, namespaces: readonly LabelledNamespace[]): ChosenNamespaces {
  const include = readPatterns(choice.include ?? ['*'])
  const exclude = readPatterns(choice.exclude ?? [])
  const isExcluded = (name: string) => exclude.names.has(name) || matchesAny(exclude.globs, name)
  const isIncluded = (name: string) => include.names.has(name) || (!isSystem(name) && matchesAny(include.globs, name))
  const chosen = namespaces.filter(
    ({ name, labels }) =>
      isIncluded(name) &&
      !isExcluded(name) &&
      (choice.selector === undefined || matchesSelector(choice.selector, labels)),
  )
  const present = new Set(namespaces.map(({ name }) => name))
  const reachable = [...present].filter((name) => !isSystem(name))
  return {
    chosen: chosen.map(({ name }) => name),
    missing: [...include.names].filter((name) => !present.has(name) && !isExcluded(name)),
    unmatched: (choice.include ?? [])
      .filter(isGlob)
      .filter((glob) => !reachable.some((name) => matchesGlob(glob, name))),
  }
}

/** Why a namespace is not selected. */
export type NotChosen =
  /** `by`: the name or glob of `exclude`. */
  | { readonly reason: 'excluded'; readonly by: string }
  | { readonly reason: 'not included' }
  /** Its labels do not match the selector. */
  | { readonly reason: 'labels' }

/** Exclusion takes precedence, since it must be removed first. Undefined: the namespace is selected. */
export function whyNotChosen(choice: NamespaceChoice, namespace: LabelledNamespace): NotChosen | undefined {
  const { name, labels } = namespace
  if (chooseNamespaces(choice, [namespace]).chosen.length > 0) return undefined
  const by = (choice.exclude ?? []).find((entry) => (isGlob(entry) ? matchesGlob(entry, name) : entry === name))
  if (by !== undefined) return { reason: 'excluded', by }
  const isLabelled = choice.selector === undefined || matchesSelector(choice.selector, labels)
  return { reason: isLabelled ? 'not included' : 'labels' }
}

/**
 * Names, or `everywhere`: a glob or a selector alone can match namespaces that do not exist yet, so it requires permission in the whole
 * cluster.
 */
export function reachOf({ include, exclude = [] }: NamespaceChoice): readonly string[] | 'everywhere' {
  if (include === undefined || include.some(isGlob)) return 'everywhere'
  const named = include.map((name) => ({ name, labels: {} }))
  return chooseNamespaces({ include, exclude }, named).chosen
}

/** Whether the selection depends on the existing namespaces; plain names do not require permission to list them. */
export function needsNamespaceList({ include, selector }: NamespaceChoice): boolean {
  return include === undefined || selector !== undefined || include.some(isGlob)
}

function readPatterns(entries: readonly string[]): { names: ReadonlySet<string>; globs: readonly string[] } {
  return { names: new Set(entries.filter((entry) => !isGlob(entry))), globs: entries.filter(isGlob) }
}

const isSystem = (name: string) => name.startsWith('kube-')
const matchesAny = (globs: readonly string[], name: string) => globs.some((glob) => matchesGlob(glob, name))

// Globs of names: `*` is any characters, `?` is one.

/**
 * Whether all of `name` matches. Takes at most time proportional to the product of both lengths, unlike a regular expression.
 * @internal
 */
export function matchesGlob(glob: string, name: string): boolean {
  let at = 0
  let read = 0
  let star = -1 // the last `*`, and the end of the part of the name that it matches
  let taken = 0
  while (read < name.length) {
    if (glob[at] === '*') {
      star = at++
      taken = read
    } else if (glob[at] === '?' || glob[at] === name[read]) {
      at++
      read++
    } else if (star >= 0) {
      at = star + 1
      read = ++taken
    } else return false
  }
  while (glob[at] === '*') at++
  return at === glob.length
}

/** Kubernetes' label selectors. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
type Labels = Readonly<Record<string, string>>

/** Whether `labels` match the selector; an empty selector matches everything. */
export function matchesSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    matchExpressions.every((requirement) => meets(requirement, labelOf(labels, requirement.key)))
  )
}

/** As in Kubernetes, NotIn matches a namespace without the label. */
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

/** A label can have the name `constructor`. */
function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
