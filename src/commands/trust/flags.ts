/** Flags of the trust commands. */
import { issuerUrl } from '../../document/field-rules.ts'
import { shellQuote } from '../../text/shell.ts'
import type { Accepted } from '../../vendors/trust/contract.ts'
import type { Flag } from '../command-line/flag.ts'
import { clusterFlags, documentFlags } from '../command-line/flags.ts'
import { keyStateFlag } from '../issuer/flags.ts'

type Text = Flag & { readonly type: 'string' }
type Texts = Text & { readonly multiple: true }

export type TrustFlags = typeof documentFlags &
  Omit<typeof clusterFlags, 'context'> & {
    readonly context: Texts
    readonly 'trust-domain-id': Texts
    readonly 'issuer-id': Texts
    readonly 'share-trust-domain': Flag & { readonly type: 'boolean' }
    readonly issuer: Text
    readonly subject: Text
    readonly publisher: Text
    readonly repository: Text
  } & typeof keyStateFlag

export const trustFlags: TrustFlags = {
  ...documentFlags,
  issuer: {
    type: 'string',
    value: 'URL',
    rule: issuerUrl,
    summary: 'Issuer of the tokens of the cluster (default: read from the cluster)',
  },
  subject: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary:
      'Service account whose token the documents read from a file, such as that of a pod or of an image pull; each run adds one',
  },
  publisher: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary:
      'Service account that publishes keys at this vendor (default: that of deploy/issuer, if issuer.publishTo is at the same vendor)',
  },
  repository: {
    type: 'string',
    value: 'NAME',
    summary: 'Repository of documents without trust.repository',
  },
  'key-state': {
    ...keyStateFlag['key-state'],
    summary:
      'ConfigMap of the key state, with revoked keys (default: issuer.keyStateRef, or pullpass-system/pullpass-issuer)',
  },
  kubeconfig: clusterFlags.kubeconfig,
  context: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    summary: 'Kubeconfig context (default: the current context); repeatable, for several clusters',
  },
  'trust-domain-id': {
    type: 'string',
    multiple: true,
    value: 'CONTEXT=ID',
    summary:
      'Trust domain of a context, such as an identity pool (default: that of the document; with several contexts derived from the name of the context)',
  },
  'issuer-id': {
    type: 'string',
    multiple: true,
    value: 'CONTEXT=ID',
    summary:
      'Issuer of a context in the trust domain, such as a provider of a pool (default: that of the document; in a shared trust domain derived from the name of the context)',
  },
  'share-trust-domain': {
    type: 'boolean',
    summary:
      'Share the trust domain with other clusters: service accounts of the same name then have the same permissions',
  },
}

const { publisher: _publisher, ...flagsOfRemoval } = trustFlags

/** For deletions: the publisher is part of the condition of a provider, which is not compared. */
export const removalFlags: Omit<TrustFlags, 'publisher'> = flagsOfRemoval

export const replaceFlag: { readonly replace: Texts } = {
  replace: {
    type: 'string',
    multiple: true,
    value: 'FIELD',
    vendorChoices: (vendors) => [...new Set(Object.values(vendors).flatMap(({ trust }) => trust?.replaceable ?? []))],
    summary:
      'Field of an existing resource to replace if it differs; subjects: remove service accounts that these documents do not name; repeatable',
  },
}

export const readAccepted = (given: {
  readonly replace: readonly string[]
  readonly 'share-trust-domain': boolean
}): Accepted => ({
  replace: [...new Set(given.replace)],
  sharing: given['share-trust-domain'] ? 'accepted' : 'refused',
})

export const yesFlag: { readonly yes: Flag & { readonly type: 'boolean' } } = {
  yes: {
    type: 'boolean',
    short: 'y',
    summary: 'Apply without confirmation; does not accept a shared trust domain (--share-trust-domain)',
  },
}

/** For hints: `command` with the given flags that it takes, for the same documents and clusters. */
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
