/** Flags of `pullpass status`. */
import { labelName, objectName } from '../../document/kubernetes-names.ts'
import type { Choice, Flag } from '../command-line/flag.ts'
import { clusterFlags, documentFlags } from '../command-line/flags.ts'

type Texts = Flag & { readonly type: 'string'; readonly multiple: true }
type Switch = Flag & { readonly type: 'boolean' }

export type StatusFlags = Omit<typeof clusterFlags, 'context'> & {
  readonly context: Texts
  readonly file: Texts
  readonly namespace: Texts
  readonly 'all-namespaces': Switch
  readonly name: Texts
  readonly problems: Switch
  readonly watch: Switch
  readonly output: Choice<'json' | 'yaml' | 'wide'>
}

export const statusFlags: StatusFlags = {
  file: {
    ...documentFlags.file,
    summary:
      'Documents: what they select and is missing, or is not selected any more, is shown; file or folder, repeatable',
  },
  namespace: {
    type: 'string',
    multiple: true,
    short: 'n',
    value: 'NAMESPACE',
    rule: labelName,
    summary: 'Only this namespace; repeatable (default: all namespaces)',
  },
  'all-namespaces': { type: 'boolean', short: 'A', summary: 'All namespaces: the default' },
  name: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    rule: objectName,
    summary: 'Only Secrets of this name, for which a permission for this name suffices; repeatable',
  },
  problems: { type: 'boolean', summary: 'Only pull secrets with a problem' },
  watch: {
    type: 'boolean',
    short: 'w',
    summary: 'Show changes until stopped: on a terminal the whole table, otherwise each changed row',
  },
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: ['json', 'yaml', 'wide'],
    summary: 'Output format (default: a table)',
  },
  kubeconfig: clusterFlags.kubeconfig,
  context: {
    ...clusterFlags.context,
    multiple: true,
    summary: `${clusterFlags.context.summary}; repeatable, for several clusters`,
  },
}
