/** The flags --context, --trust-domain-id, --issuer-id and --share-trust-domain: ids of each cluster, chosen or derived from its context. */
import { brokenRule, type TextRule } from '../../document/field-rules.ts'
import { showValue } from '../../document/show-value.ts'
import { idOfContext } from '../../trust/clusters.ts'
import type { ClusterIds, TrustSetup } from '../../vendors/trust/contract.ts'
import { usageFault } from '../command-line/flag.ts'

interface IdFlags {
  readonly context: readonly string[]
  /** CONTEXT=ID. */
  readonly 'trust-domain-id': readonly string[]
  readonly 'issuer-id': readonly string[]
  readonly 'share-trust-domain': boolean
}

/**
 * By context; a single context uses the ids of the document unless others are given. Ids that no vendor of the documents has are
 * not derived, and refused where they are given. @throws USAGE_INVALID
 */
export function clusterIds(
  command: string,
  flags: IdFlags,
  setups: readonly Pick<TrustSetup<unknown>, 'clusterIds'>[],
): ReadonlyMap<string, ClusterIds> {
  const { context: contexts, 'share-trust-domain': isShared } = flags
  const repeated = contexts.find((name, index) => contexts.indexOf(name) !== index)
  if (repeated !== undefined) throw usageFault(command, `--context ${repeated} is given twice`, 'each cluster once')
  if (isShared && flags['trust-domain-id'].length > 0)
    throw usageFault(
      command,
      '--trust-domain-id is given with --share-trust-domain',
      'one of them: a shared trust domain is that of the document',
    )
  const rulesOf = (id: keyof ClusterIds) => setups.flatMap(({ clusterIds: { [id]: rule } }) => rule ?? [])
  const [domainRules, issuerRules] = [rulesOf('trustDomainId'), rulesOf('issuerId')]
  const trustDomainIds = readIds(command, 'trust-domain-id', flags, domainRules)
  const issuerIds = readIds(command, 'issuer-id', flags, issuerRules)
  const several = contexts.length > 1
  const derived = (name: string, rules: readonly TextRule[]) =>
    several && rules.length > 0 ? idOfContext(name, rules) : undefined
  const ids = new Map(
    contexts.map((name): [string, ClusterIds] => [
      name,
      {
        trustDomainId: trustDomainIds.get(name) ?? (isShared ? undefined : derived(name, domainRules)),
        issuerId: issuerIds.get(name) ?? (isShared ? derived(name, issuerRules) : undefined),
      },
    ]),
  )
  const own = isShared ? 'issuerId' : 'trustDomainId'
  const taken = [...ids].find(([name, { [own]: id }]) =>
    [...ids].some(([other, one]) => id !== undefined && other !== name && one[own] === id),
  )
  if (several && taken !== undefined) {
    const what = isShared ? 'issuer' : 'trust domain'
    throw usageFault(command, `two contexts have the ${what} ID ${taken[1][own]}`, `one for each cluster`)
  }
  return ids
}

function readIds(
  command: string,
  flag: 'trust-domain-id' | 'issuer-id',
  flags: IdFlags,
  rules: readonly TextRule[],
): ReadonlyMap<string, string> {
  if (flags[flag].length > 0 && rules.length === 0)
    throw usageFault(
      command,
      `--${flag} has no effect: no vendor of the documents has such an id`,
      'the command without the flag: names in the documents distinguish clusters',
    )
  const ids = new Map(flags[flag].map((pair) => parsePair(pair, { flag, command, rules })))
  const stray = [...ids.keys()].find((name) => !flags.context.includes(name))
  if (stray === undefined) return ids
  throw usageFault(
    command,
    `--${flag} names the context ${stray}`,
    `one of ${flags.context.join(', ') || 'the contexts of --context, of which none is given'}`,
  )
}

/** The name of a context can contain "=", an id cannot. */
function parsePair(
  pair: string,
  { flag, command, rules }: { readonly flag: string; readonly command: string; readonly rules: readonly TextRule[] },
): [context: string, id: string] {
  const at = pair.lastIndexOf('=')
  const id = pair.slice(at + 1)
  const broken = rules.map((rule) => brokenRule(rule, id)).find((expected) => expected !== undefined)
  if (at > 0 && broken === undefined) return [pair.slice(0, at), id]
  throw usageFault(command, `--${flag} is ${showValue(pair)}`, `CONTEXT=ID, ${broken ?? 'with the name of a context'}`)
}
