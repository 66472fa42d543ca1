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

/** Names, in the order of the namespaces. Namespaces kube-* are selected only by their exact name, not by a glob or a selector alone. */
export function selectNamespaces(choice: NamespaceChoice, namespaces: readonly LabelledNamespace[]): string[] {
  const include = readPatterns(choice.include ?? any)
  const exclude = readPatterns(choice.exclude ?? none)
  const isIncluded = (name: string) => include.names.has(name) || (!isSystem(name) && matchesAny(include, name))
  const isExcluded = (name: string) => exclude.names.has(name) || matchesAny(exclude, name)
  return namespaces.flatMap(({ name, labels }) => {
    const isChosen = isIncluded(name) && !isExcluded(name)
    return isChosen && (choice.selector === undefined || matchesSelector(choice.selector, labels)) ? [name] : []
  })
}

/** With what may be a mistake in the document. */
export function chooseNamespaces(choice: NamespaceChoice, namespaces: readonly LabelledNamespace[]): ChosenNamespaces {
  const include = readPatterns(choice.include ?? none)
  const exclude = readPatterns(choice.exclude ?? none)
  const present = new Set(namespaces.map(({ name }) => name))
  const reachable = [...present].filter((name) => !isSystem(name))
  return {
    chosen: selectNamespaces(choice, namespaces),
    missing: [...include.names].filter(
      (name) => !present.has(name) && !exclude.names.has(name) && !matchesAny(exclude, name),
    ),
    unmatched: [...include.globs].flatMap(([text, matches]) => (reachable.some(matches) ? [] : [text])),
  }
}

const any = ['*'] as const
const none: readonly string[] = []

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
  if (selectNamespaces(choice, [namespace]).length > 0) return undefined
  const by = (choice.exclude ?? []).find((entry) => (isGlob(entry) ? parseGlob(entry)(name) : entry === name))
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
  return selectNamespaces({ include, exclude }, named)
}

/** Whether the selection depends on the existing namespaces; plain names do not require permission to list them. */
export function needsNamespaceList({ include, selector }: NamespaceChoice): boolean {
  return include === undefined || selector !== undefined || include.some(isGlob)
}

interface Patterns {
  readonly names: ReadonlySet<string>
  readonly globs: ReadonlyMap<string, Glob>
}

/** A controller evaluates the same document for each namespace that changes. */
const patternsRead = new WeakMap<readonly string[], Patterns>()

function readPatterns(entries: readonly string[]): Patterns {
  const known = patternsRead.get(entries)
  if (known !== undefined) return known
  const names = new Set(entries.filter((entry) => !isGlob(entry)))
  const globs = new Map(entries.filter(isGlob).map((entry) => [entry, parseGlob(entry)]))
  const patterns = { names, globs }
  patternsRead.set(entries, patterns)
  return patterns
}

const isSystem = (name: string) => name.startsWith('kube-')

function matchesAny({ globs }: Patterns, name: string): boolean {
  for (const matches of globs.values()) if (matches(name)) return true
  return false
}

// Globs of names: `*` is any characters, `?` is one.

/** Whether all of a name matches. */
type Glob = (name: string) => boolean

/** States of two words; no namespace, and no glob in a document, is longer than 63 characters. */
const mostTokens = 63
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789-'

/**
 * Takes time proportional to the length of the name, whatever the glob: state i, a bit, is that the first i tokens match so far; a
 * token is a character or `?`. Baeza-Yates and Gonnet, "A new approach to text searching", CACM 35 (10), 1992.
 * @internal
 */
export function parseGlob(glob: string): Glob {
  const tokens = glob.replaceAll('*', '')
  if (tokens.length > mostTokens) return () => false
  // Two words for each character, and for any other one.
  const steps = new Int32Array(2 * (alphabet.length + 1))
  const stays = new Int32Array(2)
  let state = 0
  for (const token of glob) {
    const bit = 1 << (state & 31)
    const word = state >> 5
    if (token === '*') {
      stays[word] = (stays[word] ?? 0) | bit
      continue
    }
    state += 1
    for (let at = 0; at <= alphabet.length; at++) {
      if (token === '?' || token === alphabet[at]) steps[2 * at + word] = (steps[2 * at + word] ?? 0) | bit
    }
  }
  const [staysLow = 0, staysHigh = 0] = stays
  const [acceptLow, acceptHigh] = state < 32 ? [1 << state, 0] : [0, 1 << (state - 32)]
  return (name) => {
    let low = 1
    let high = 0
    for (let at = 0; at < name.length && (low | high) !== 0; at++) {
      const step = 2 * indexOf(name.charCodeAt(at))
      const movedLow = low & (steps[step] ?? 0)
      const movedHigh = high & (steps[step + 1] ?? 0)
      low = (movedLow << 1) | (low & staysLow)
      high = (movedHigh << 1) | (movedLow >>> 31) | (high & staysHigh)
    }
    return ((low & acceptLow) | (high & acceptHigh)) !== 0
  }
}

/** In the alphabet; its length: not there. */
function indexOf(code: number): number {
  if (code >= 97 && code <= 122) return code - 97
  if (code >= 48 && code <= 57) return code - 22
  return code === 45 ? 36 : alphabet.length
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
