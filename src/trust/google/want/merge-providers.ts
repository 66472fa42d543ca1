/** Registries that share a provider must agree on it, but for audiences, which add up. */
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { defaultAudiences, type WantedProvider } from './wanted-at-google.ts'

/** @throws DOCUMENT_INVALID */
export function mergeProviders(all: readonly WantedProvider[]): WantedProvider[] {
  const merged = new Map<string, WantedProvider>()
  for (const provider of all) {
    const first = merged.get(provider.name)
    if (first !== undefined) checkAgreement(first, provider)
    merged.set(provider.name, { ...provider, audiences: audiencesOf(all, provider.name) })
  }
  return [...merged.values()]
}

/** Empty where the default is all that is asked for. */
function audiencesOf(all: readonly WantedProvider[], name: string): readonly string[] {
  const [usual] = defaultAudiences(name)
  const asked = all
    .filter((one) => one.name === name)
    .flatMap(({ audiences }) => (audiences.length > 0 ? audiences : [usual]))
  const distinct = [...new Set(asked)]
  return distinct.every((one) => one === usual) ? [] : distinct
}

function checkAgreement(one: WantedProvider, other: WantedProvider): void {
  const differs =
    one.issuer !== other.issuer
      ? `the issuers ${one.issuer} and ${other.issuer}: two clusters`
      : one.condition !== other.condition
        ? 'two attribute conditions'
        : (one.keys === undefined) !== (other.keys === undefined)
          ? 'uploadKeys both Always and Never'
          : undefined
  if (differs === undefined) return
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${one.name} is asked for with ${differs}`,
    expected: 'one and the same wherever a document names this provider',
  })
}
