/** What went wrong in a refresh, each cause once, however many namespaces it reached. */
import type { PullpassError } from '../outside/pullpass-error.ts'
import type { Outcome } from '../refresh/outcome.ts'

/** Of causes with one code, so many are shown whole. */
const shownWhole = 3
const namedNamespaces = 10

/** Empty where nothing went wrong. */
export function renderFaults(outcomes: readonly Outcome[]): string {
  const byCode = Map.groupBy(gatherCauses(outcomes), ({ fault }) => fault.code)
  return [...byCode.values()].map(renderCode).join('\n')
}

interface Cause {
  readonly fault: PullpassError
  readonly namespaces: readonly string[]
}

/** One failure of an exchange reaches every namespace of its document as the same object. */
function gatherCauses(outcomes: readonly Outcome[]): Cause[] {
  const namespacesOf = new Map<PullpassError, Set<string>>()
  for (const { namespace, fault, registries } of outcomes) {
    for (const cause of [fault, ...registries.map((registry) => registry.fault)]) {
      if (cause !== undefined) namespacesOf.set(cause, (namespacesOf.get(cause) ?? new Set()).add(namespace))
    }
  }
  return [...namespacesOf].map(([fault, namespaces]) => ({ fault, namespaces: [...namespaces] }))
}

function renderCode(causes: readonly Cause[]): string {
  const whole = causes.slice(0, shownWhole).map(renderCause)
  const rest = causes.slice(shownWhole).flatMap(({ namespaces }) => namespaces)
  const code = causes[0]?.fault.code ?? ''
  return [...whole, ...(rest.length > 0 ? [`${code} also in ${nameSome(rest)}`] : [])].join('\n')
}

function renderCause({ fault, namespaces }: Cause): string {
  return namespaces.length < 2 ? fault.message : `${fault.message}\n  affects ${nameSome(namespaces)}`
}

function nameSome(namespaces: readonly string[]): string {
  const named = namespaces.slice(0, namedNamespaces).join(', ')
  const more = namespaces.length - namedNamespaces
  return `${namespaces.length} namespaces: ${named}${more > 0 ? `, and ${more} more` : ''}`
}
