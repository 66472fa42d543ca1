/** pullpass manifests node: prints what kubelets need to exchange the tokens of pods. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { labelName } from '../../document/kubernetes-names.ts'
import { loadDocuments } from '../../document/load-documents.ts'
import { systemErrorCode } from '../../host/read-file.ts'
import type { Manifest } from '../../manifests/manifest.ts'
import {
  type NodeProvider,
  nodePaths,
  nodeProvidersOf,
  renderKubeletConfig,
  renderNodeConfig,
  renderNodeObjects,
} from '../../manifests/node.ts'
import { renderManifestYaml } from '../../terminal/render-structured.ts'
import type { Command } from '../command-line/command.ts'
import { type Choice, type Flag, usageFault } from '../command-line/flag.ts'
import { documentFlags } from '../command-line/flags.ts'
import { plainPath, readImage, refuseSystemNamespace } from './pod-flags.ts'

const flags: typeof documentFlags & {
  readonly image: Flag & { type: 'string' }
  readonly namespace: Flag & { type: 'string' }
  readonly print: Choice<'objects' | 'kubelet-config' | 'rbac'>
  readonly out: Flag & { type: 'string' }
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
    choices: ['objects', 'kubelet-config', 'rbac'],
    summary: 'What to print (default objects)',
  },
  out: {
    type: 'string',
    value: 'FOLDER',
    summary: 'Write kubelet.yaml and the configuration of each provider to this folder, and print no objects',
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
    rule: { ...plainPath, pattern: /^(?:none|(?:\/(?!\.)[\w.-]+){2,})$/, expected: `${plainPath.expected}, or none` },
    summary: `Folder on the nodes for credentials, readable only by root (default ${nodePaths.cache}, in memory)`,
  },
}

export const manifestsNode: Command<typeof flags> = {
  usage: [
    'manifests node -f FILE --image IMAGE [flags]',
    'manifests node -f FILE --print PART',
    'manifests node -f FILE --out FOLDER',
  ],
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
    'A kubelet reads its configuration only at its start: restart it after a change of the documents.',
    'The namespace admits privileged Pods: an account that can create Pods or change the DaemonSet there is root on nodes.',
    'For nodes that are configured otherwise (Talos, images of nodes), --print prints one part, and --out writes the files',
    'that pullpass credential-provider install --config FOLDER needs.',
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
    for (const { name, serviceAccountRef } of documents) {
      if (serviceAccountRef === undefined) continue
      const account = `${serviceAccountRef.namespace}/${serviceAccountRef.name}`
      context.log('warn', 'serviceAccountRef is not used: pods pull with the token of their own ServiceAccount', {
        document: name,
        account,
      })
    }
    const providers = await nodeProvidersOf(documents, context.vendors)
    const configOf = (provider: NodeProvider) => `${JSON.stringify(renderNodeConfig(provider, paths), undefined, 2)}\n`
    const kubeletConfig = await renderManifestYaml([renderKubeletConfig(providers, paths)])
    if (print === 'kubelet-config') {
      terminal.print(kubeletConfig)
      return 0
    }
    const files = {
      'kubelet.yaml': `${kubeletConfig}\n`,
      ...Object.fromEntries(providers.map((provider) => [`${provider.name}.json`, configOf(provider)])),
    }
    if (given.out !== undefined) {
      for (const path of await writeFiles(given.out, files)) terminal.print(path)
      return 0
    }
    refuseSystemNamespace('manifests node', namespace)
    const installTarget = {
      namespace,
      image:
        print === 'rbac'
          ? ''
          : readImage(image, 'manifests node', 'or --print PART or --out FOLDER, which need no image'),
    }
    const objects = renderNodeObjects({ providers, files, paths }, installTarget)
    terminal.print(await renderManifestYaml(print === 'rbac' ? objects.filter(isPermission) : objects))
    return 0
  },
}

/** Returns the paths. @throws USAGE_INVALID if it cannot be written */
async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  try {
    await mkdir(directory, { recursive: true })
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  } catch (error) {
    const why = systemErrorCode(error) ?? 'no reason given'
    throw usageFault(
      'manifests node',
      `--out ${directory} cannot be written: ${why}`,
      'a folder that this user may write',
    )
  }
  return Object.keys(files).map((name) => join(directory, name))
}

const isPermission = ({ kind }: Manifest) => kind.startsWith('ClusterRole')
