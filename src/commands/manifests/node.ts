/** pullpass manifests node: prints what kubelets need to exchange the tokens of pods. */

import { labelName } from '../../document/kubernetes-names.ts'
import { loadDocuments } from '../../document/load-documents.ts'
import type { Manifest } from '../../manifests/manifest.ts'
import {
  type NodeProvider,
  nodePaths,
  nodeProvidersOf,
  renderKubeletConfig,
  renderNodeConfig,
  renderNodeObjects,
} from '../../manifests/node.ts'
import type { Command } from '../command-line/command.ts'
import { type Choice, type Flag, usageFault } from '../command-line/flag.ts'
import { documentFlags } from '../command-line/flags.ts'
import { plainPath, readImage } from './pod-flags.ts'

const flags: typeof documentFlags & {
  readonly image: Flag & { type: 'string' }
  readonly namespace: Flag & { type: 'string' }
  readonly print: Choice<'objects' | 'kubelet-config' | 'node-config' | 'rbac'>
  readonly 'node-path': Flag & { type: 'string' }
  readonly cache: Flag & { type: 'string' }
} = {
  ...documentFlags,
  image: {
    type: 'string',
    value: 'IMAGE',
    summary: 'Container image of the DaemonSet, such as registry.example.com/pullpass:1.0.0',
  },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    rule: labelName,
    summary: 'Namespace of the DaemonSet (default pullpass-node); it admits privileged Pods',
  },
  print: {
    type: 'string',
    value: 'PART',
    choices: ['objects', 'kubelet-config', 'node-config', 'rbac'],
    summary: 'What to print (default objects)',
  },
  'node-path': {
    type: 'string',
    value: 'FOLDER',
    rule: plainPath,
    summary: `Folder on the nodes for programs and configurations (default ${nodePaths.installed})`,
  },
  cache: {
    type: 'string',
    value: 'FOLDER|none',
    rule: { ...plainPath, pattern: /^(?:none|(?:\/[\w.-]+)+)$/, expected: `${plainPath.expected}, or none` },
    summary: `Folder on the nodes for credentials, readable only by root (default ${nodePaths.cache}, in memory)`,
  },
}

export const manifestsNode: Command<typeof flags> = {
  summary: 'Print what kubelets need to pull with the tokens of pods',
  usage: ['manifests node -f FILE --image IMAGE [flags]', 'manifests node -f FILE --print PART'],
  details: [
    'Prints a Namespace, the permission of kubelets to request tokens for the audiences of the registries, a ConfigMap with',
    'the CredentialProviderConfig and the configuration of the plugin, and a DaemonSet that installs Node.js, pullpass and',
    `these files in ${nodePaths.installed} of each node. Pods then pull with the token of their own ServiceAccount: no pull`,
    'secret exists.',
    'The namespaces of the documents are not used: every pod of a node may use every registry, as far as the cloud trusts',
    'its ServiceAccount.',
    '',
    'The kubelet of each node has to be started with these flags, which no DaemonSet can set:',
    `  --image-credential-provider-config=${nodePaths.installed}/etc/kubelet.yaml`,
    `  --image-credential-provider-bin-dir=${nodePaths.installed}/bin`,
    '',
    'For nodes that are configured otherwise (Talos, Gardener, managed node groups), --print writes one part: kubelet-config,',
    'node-config (JSON, one registry audience only) or rbac.',
    '',
    'Example:',
    '  pullpass manifests node -f documents.yaml --image registry.example.com/pullpass:1 | kubectl apply --server-side -f -',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: given, context, terminal }) {
    const { file, image, namespace = 'pullpass-node', print = 'objects' } = given
    const { 'node-path': installed = nodePaths.installed, cache = nodePaths.cache } = given
    const paths = { installed, cache: cache === 'none' ? undefined : cache }
    const documents = await loadDocuments(file, { ...context, readInput: terminal.readInput })
    const providers = await nodeProvidersOf(documents, context.vendors)
    const configOf = (provider: NodeProvider) => `${JSON.stringify(renderNodeConfig(provider, paths), undefined, 2)}\n`
    if (print === 'node-config') {
      const [provider, ...others] = providers
      if (provider === undefined || others.length > 0) {
        throw usageFault(
          'manifests node',
          `--print node-config: the registries have ${providers.length} audiences`,
          'documents whose registries have one audience, or --print objects',
        )
      }
      terminal.print(configOf(provider).trimEnd())
      return 0
    }
    const kubeletConfig = await renderYaml([renderKubeletConfig(providers, paths)])
    if (print === 'kubelet-config') {
      terminal.print(kubeletConfig)
      return 0
    }
    const files = {
      'kubelet.yaml': `${kubeletConfig}\n`,
      ...Object.fromEntries(providers.map((provider) => [`${provider.name}.json`, configOf(provider)])),
    }
    const place = { namespace, image: print === 'rbac' ? '' : readImage(image) }
    const objects = renderNodeObjects({ providers, files, paths }, place)
    terminal.print(await renderYaml(print === 'rbac' ? objects.filter(isPermission) : objects))
    return 0
  },
}

const isPermission = ({ kind }: Manifest) => kind.startsWith('ClusterRole')

async function renderYaml(items: readonly object[]): Promise<string> {
  const { stringify } = await import('yaml')
  return items
    .map((item) => stringify(item, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n')
    .trimEnd()
}
