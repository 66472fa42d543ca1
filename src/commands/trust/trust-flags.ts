/** Flags that all of trust's commands take, worded once. */
import { type Replaceable, replaceable } from '../../trust/finding.ts'
import type { Choice, Flag } from '../flag.ts'
import { memoryFlag } from '../issuer/memory-flag.ts'
import { clusterFlags, documentFlags } from '../shared-flags.ts'

type Text = Flag & { readonly type: 'string' }
type Texts = Text & { readonly multiple: true }

export type TrustFlags = typeof documentFlags &
  Omit<typeof clusterFlags, 'context'> & {
    readonly context: Texts
    readonly 'provider-id': Texts
    readonly issuer: Text
    readonly subject: Text
    readonly repository: Text
  } & typeof memoryFlag

export const trustFlags: TrustFlags = {
  ...documentFlags,
  issuer: {
    type: 'string',
    value: 'URL',
    summary: "Who signs the cluster's tokens (default: what the cluster says of itself)",
  },
  subject: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'The service account whose token a token file holds',
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
  'provider-id': {
    type: 'string',
    multiple: true,
    value: 'CONTEXT=ID',
    summary:
      "The id of a context's own part at the cloud, at Google its provider (default: made of the context's name)",
  },
}

export const replaceFlag: { readonly replace: Choice<Replaceable> & { readonly multiple: true } } = {
  replace: {
    type: 'string',
    multiple: true,
    value: 'FIELD',
    choices: replaceable,
    summary: 'What may be changed of a provider or grant that is there and differs; repeatable',
  },
}

export const yesFlag: { readonly yes: Flag & { readonly type: 'boolean' } } = {
  yes: { type: 'boolean', short: 'y', summary: 'Change without asking' },
}
