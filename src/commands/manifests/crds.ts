/** pullpass manifests crds: prints the CustomResourceDefinitions of the documents that a controller watches. */

import { customResourceDefinitions } from '../../manifests/custom-resource-definitions.ts'
import { renderManifestYaml, renderStructured } from '../../terminal/render-structured.ts'
import type { Command } from '../command-line/command.ts'
import { objectOutputFlag } from '../command-line/flags.ts'

export const manifestsCrds: Command<typeof objectOutputFlag> = {
  usage: ['manifests crds [flags]'],
  details: [
    'Prints the CustomResourceDefinitions of ClusterPullSecret and PullSecret, with which pullpass controller reads',
    'documents from the cluster, in addition to those in files. They have no fields that name files. For Kubernetes 1.30 or',
    'newer.',
    'Deleting a definition deletes all objects of its kind, and the Secrets of those with deletionPolicy: Delete.',
    '',
    'Example:',
    '  pullpass manifests crds | kubectl apply --server-side -f -',
  ].join('\n'),
  life: 'one-shot',
  flags: objectOutputFlag,

  async run({ flags: { output }, context, terminal }) {
    const items = await customResourceDefinitions(context.vendors)
    const list = { apiVersion: 'v1', kind: 'List', items }
    terminal.print(output === 'json' ? await renderStructured(list, 'json') : await renderManifestYaml(items))
    return 0
  },
}
