/** Flags that all of trust's commands take, worded once. */
import { issuerUrl } from '../../document/field-rules.ts'
import { shellQuote } from '../../text/plain-text.ts'
import type { Accepted } from '../../vendors/trust-contract.ts'
import type { Flag } from '../flag.ts'
import { clusterFlags, documentFlags } from '../flags.ts'
import { memoryFlag } from '../issuer/flags.ts'

type Text = Flag & { readonly type: 'string' }
type Texts = Text & { readonly multiple: true }

export type TrustFlags = typeof documentFlags &
  Omit<typeof clusterFlags, 'context'> & {
    readonly context: Texts
    readonly 'pool-id': Texts
    readonly 'provider-id': Texts
    readonly 'share-pool': Flag & { readonly type: 'boolean' }
    readonly issuer: Text
    readonly subject: Text
    readonly publisher: Text
    readonly repository: Text
  } & typeof memoryFlag

export const trustFlags: TrustFlags = {
  ...documentFlags,
  issuer: {
    type: 'string',
    value: 'URL',
    rule: issuerUrl,
    summary: "Who signs the cluster's tokens (default: what the cluster says of itself)",
  },
  subject: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'The service account whose token a token file holds',
  },
  publisher: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary:
      'The service account that publishes keys by this provider (default: that of deploy/issuer, where issuer.publishTo is at the same vendor)',
  },
  repository: {
    type: 'string',
    value: 'NAME',
    summary: 'Repository, where a document names none: as its trust.repository would be',
  },
  memory: {
    ...memoryFlag.memory,
    summary:
      'ConfigMap that remembers which keys were revoked (default: issuer.memoryRef, or pullpass-system/pullpass-issuer)',
  },
  kubeconfig: clusterFlags.kubeconfig,
  context: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    summary: "The kubeconfig's context (default: its current one); repeated: several clusters, each once",
  },
  'pool-id': {
    type: 'string',
    multiple: true,
    value: 'CONTEXT=ID',
    summary:
      "Id of a context's pool (default: the document's; of several contexts each has one made of the context's name)",
  },
  'provider-id': {
    type: 'string',
    multiple: true,
    value: 'CONTEXT=ID',
    summary: "Id of a context's provider (default: the document's; in a shared pool made of the context's name)",
  },
  'share-pool': {
    type: 'boolean',
    summary:
      "Use the document's pool although other clusters have providers in it: accounts of one name then have the same rights",
  },
}

const { publisher: _publisher, ...flagsOfRemoval } = trustFlags

/** Of commands that remove: the publisher is part of a provider's condition, which they do not compare. */
export const removalFlags: Omit<TrustFlags, 'publisher'> = flagsOfRemoval

export const replaceFlag: { readonly replace: Texts } = {
  replace: {
    type: 'string',
    multiple: true,
    value: 'FIELD',
    vendorChoices: (vendors) => [...new Set(Object.values(vendors).flatMap(({ trust }) => trust?.replaceable ?? []))],
    summary: 'What may be changed of a provider or grant that is there and differs; repeatable',
  },
}

export const readAccepted = (given: {
  readonly replace: readonly string[]
  readonly 'share-pool': boolean
}): Accepted => ({
  replace: [...new Set(given.replace)],
  sharing: given['share-pool'] ? 'accepted' : 'refused',
})

export const yesFlag: { readonly yes: Flag & { readonly type: 'boolean' } } = {
  yes: {
    type: 'boolean',
    short: 'y',
    summary: 'Change without asking; a shared pool is accepted by --share-pool alone',
  },
}

/** For hints: `command` with those of the given flags that `taken` has, so that it looks at the same documents and clusters. */
export function repeatCommand(command: string, given: object, taken: Readonly<Record<string, Flag>>): string {
  const values = new Map<string, unknown>(Object.entries(given))
  const words = Object.keys(taken).flatMap((name) => wordsOf(name, values.get(name)))
  return ['pullpass', command, ...words].join(' ')
}

function wordsOf(name: string, value: unknown): string[] {
  const flag = name === 'file' ? '-f' : `--${name}`
  if (value === true) return [flag]
  return [value].flat().flatMap((one) => (typeof one === 'string' ? [flag, shellQuote(one)] : []))
}
