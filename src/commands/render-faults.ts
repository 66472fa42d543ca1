/** What went wrong in a refresh, each cause once, however many namespaces it reached. */
import { plainLine } from '../outside/plain-text.ts'
import type { PullpassError } from '../outside/pullpass-error.ts'
import type { Outcome } from '../refresh/outcome.ts'
import { type FaultForm, nameSome, renderFault } from '../terminal/render-fault.ts'

/** Of causes with one code, people are shown so many whole. */
const shownWhole = 3

/** Empty where nothing went wrong. */
export function renderFaults(outcomes: readonly Outcome[], form: FaultForm): string {
  const byCode = Map.groupBy(gatherCauses(outcomes), ({ fault }) => fault.code)
  return [...byCode.values()].flatMap((causes) => renderCauses(causes, form)).join('\n')
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
      if (cause === undefined) continue
      const reached = namespacesOf.get(cause) ?? new Set()
      namespacesOf.set(cause, namespace === undefined ? reached : reached.add(namespace))
    }
  }
  return [...namespacesOf].map(([fault, namespaces]) => ({ fault, namespaces: [...namespaces] }))
}

/** Programs get every cause. */
function renderCauses(causes: readonly Cause[], form: FaultForm): string[] {
  const whole = form.format === 'json' ? causes : causes.slice(0, shownWhole)
  const rest = causes.slice(whole.length)
  const also =
    rest.length > 0
      ? [plainLine(`${rest[0]?.fault.code} also in ${nameSome(rest.flatMap(({ namespaces }) => namespaces))}`)]
      : []
  return [...whole.map(({ fault, namespaces }) => renderFault(fault, form, namespaces)), ...also]
}
