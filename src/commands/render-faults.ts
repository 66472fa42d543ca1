/** What went wrong in a refresh, each cause once, however many namespaces it reached. */
import { plainLine } from '../outside/plain-text.ts'
import type { PullpassError } from '../outside/pullpass-error.ts'
import type { Outcome } from '../refresh/outcome.ts'
import { type FaultForm, nameSome, renderFault } from '../terminal/render-fault.ts'

/** Of causes with one code, people are shown so many whole. */
const shownWhole = 3

/** Empty where nothing went wrong. */
export function renderFaults(outcomes: readonly Outcome[], form: FaultForm): string {
  const byCode = Map.groupBy(gatherCauses(outcomes, form), ({ fault }) => fault.code)
  return [...byCode.values()].flatMap((causes) => renderCauses(causes, form)).join('\n')
}

interface Cause {
  readonly fault: PullpassError
  readonly namespaces: readonly string[]
}

/** Faults that differ only in the namespace that they name have one cause: people are shown the first. */
function gatherCauses(outcomes: readonly Outcome[], { format }: FaultForm): Cause[] {
  const causes = new Map<unknown, { readonly fault: PullpassError; readonly namespaces: Set<string> }>()
  for (const { namespace, fault, registries } of outcomes) {
    for (const found of [fault, ...registries.map((registry) => registry.fault)]) {
      if (found === undefined) continue
      const key = format === 'json' ? found : withoutNamespace(found.message, namespace)
      const { namespaces } = causes.get(key) ?? {}
      if (namespaces === undefined) causes.set(key, { fault: found, namespaces: new Set(namespace && [namespace]) })
      else if (namespace !== undefined) namespaces.add(namespace)
    }
  }
  return [...causes.values()].map(({ fault, namespaces }) => ({ fault, namespaces: [...namespaces] }))
}

/** The namespace as a whole word, which has no character that means anything in a pattern. */
const withoutNamespace = (message: string, namespace: string | undefined): string =>
  namespace === undefined ? message : message.replaceAll(new RegExp(`(?<![\\w-])${namespace}(?![\\w-])`, 'g'), '*')

/** Programs get every fault. */
function renderCauses(causes: readonly Cause[], form: FaultForm): string[] {
  const whole = form.format === 'json' ? causes : causes.slice(0, shownWhole)
  const rest = causes.slice(whole.length)
  const also =
    rest.length > 0
      ? [plainLine(`${rest[0]?.fault.code} also in ${nameSome(rest.flatMap(({ namespaces }) => namespaces))}`)]
      : []
  return [...whole.map(({ fault, namespaces }) => renderFault(fault, form, namespaces)), ...also]
}
