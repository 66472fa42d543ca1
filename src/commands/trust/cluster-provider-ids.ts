/** Of several clusters each has a part of its own at a vendor's, under an id that its context gives, or the operator. */
import { showValue } from '../../document/show-value.ts'
import { isProviderId, providerIdOfContext } from '../../trust/provider-id-of-context.ts'
import { usageFault } from '../usage-fault.ts'

interface Named {
  readonly context: readonly string[]
  /** CONTEXT=ID. */
  readonly 'provider-id': readonly string[]
}

/** By context; none for one context alone: the document names its provider. @throws USAGE_INVALID */
export function clusterProviderIds(
  command: string,
  { context, 'provider-id': given }: Named,
): ReadonlyMap<string, string> {
  const again = context.find((name, index) => context.indexOf(name) !== index)
  if (again !== undefined) throw usageFault(command, `--context ${again} stands twice`, 'each cluster once')
  const contexts = context
  const named = new Map(given.map((pair) => parsePair(pair, command)))
  const stray = [...named.keys()].find((name) => !contexts.includes(name))
  if (stray !== undefined)
    throw usageFault(command, `--provider-id names the context ${stray}`, 'one that --context names, too')
  const ids = new Map(
    contexts
      .filter((name) => contexts.length > 1 || named.has(name))
      .map((name) => [name, named.get(name) ?? providerIdOfContext(name)]),
  )
  const twice = [...ids].find(([name, id]) => [...ids].some(([other, one]) => other !== name && one === id))
  if (twice !== undefined)
    throw usageFault(command, `two contexts have the provider ${twice[1]}`, 'a provider for each cluster')
  return ids
}

/** A context's name may hold "=", an id never. */
function parsePair(pair: string, command: string): [context: string, id: string] {
  const at = pair.lastIndexOf('=')
  const id = pair.slice(at + 1)
  if (at > 0 && isProviderId(id)) return [pair.slice(0, at), id]
  throw usageFault(
    command,
    `--provider-id is ${showValue(pair)}`,
    'CONTEXT=ID, an id of 4 to 32 lower-case letters, digits and "-"',
  )
}
