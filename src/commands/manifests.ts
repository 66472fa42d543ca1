/** pullpass manifests: what to install for these documents, with the rights that they need and no others. */

import type { Document } from '../document/document.ts'
import { labelName } from '../document/kubernetes-names.ts'
import { loadDocuments } from '../document/load-documents.ts'
import { showValue } from '../document/show-value.ts'
import { parsePublishAs } from '../issuer/publish/publish-as.ts'
import { containerVariables } from '../manifests/container-variables.ts'
import type { Manifest, Place } from '../manifests/manifest.ts'
import { type Publishers, publishersOf } from '../manifests/publishers-of.ts'
import { renderManifests } from '../manifests/render-manifests.ts'
import { renderPreamble } from '../manifests/render-preamble.ts'
import { checkOnePass } from '../refresh/check-one-pass.ts'
import { parseImageReference } from '../registry/parse-image-reference.ts'
import { renderStructured } from '../terminal/render-structured.ts'
import type { Command } from './command.ts'
import type { Choice, Flag } from './flag.ts'
import { documentFlags } from './shared-flags.ts'
import { usageFault } from './usage-fault.ts'

const flags: typeof documentFlags & {
  readonly image: Flag & { type: 'string' }
  readonly namespace: Flag & { type: 'string' }
  readonly 'publish-as': Flag & { type: 'string'; multiple: true }
  readonly output: Choice<'yaml' | 'json'>
} = {
  ...documentFlags,
  image: { type: 'string', value: 'IMAGE', summary: 'Image to run (default pullpass:VERSION, this version)' },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    rule: labelName,
    summary: 'Namespace to run in (default pullpass-system)',
  },
  'publish-as': {
    type: 'string',
    multiple: true,
    value: 'IDENTITY',
    summary:
      'As whom a new key is published where documents say where: a role’s ARN, TENANT_ID/CLIENT_ID, or a service account’s e-mail (default at Google: the pod’s own principal)',
  },
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: ['yaml', 'json'],
    summary: 'YAML documents (default), or a v1 List in JSON',
  },
}

export const manifests: Command<typeof flags> = {
  summary: 'Print what to install: a CronJob, with the least rights',
  usage: [
    'manifests -f FILE [flags]',
    'manifests [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)',
  ],
  details: [
    'Prints a CronJob that runs pullpass refresh for these documents every 15 minutes and exchanges what has less than 35',
    'to live, and what it needs: a namespace, a ServiceAccount, RBAC computed from the documents, admission policies that',
    'bound what RBAC cannot (Kubernetes 1.30 or newer), and a NetworkPolicy. It says which subject the cloud must trust.',
    'Where a document says where its issuer is public, the pod can publish a new key as itself, by a token of its own.',
    'No cluster is asked. Print and apply it again when a document changes.',
    'Namespaces that are named get a Role each, and have to be there; a glob or a selector takes a ClusterRole. What',
    "nothing can bound: a Secret of a document's name may be read too, with a ClusterRole in every namespace.",
    '',
    'Examples:',
    '  pullpass manifests -f documents.yaml | kubectl apply --server-side -f -',
    '  pullpass manifests -f documents/ --image registry.example.com/pullpass:1.0.0 -n image-system > pullpass.yaml',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: { file, image, namespace, output, 'publish-as': identities }, outside, terminal }) {
    const place = await readPlace(namespace, image)
    const input = readOnce(terminal.readInput)
    const documents = await loadDocuments(file, { environment: outside.environment, readInput: input })
    documents.forEach(checkOnePass)
    const wanted =
      file.length === 0
        ? { variables: containerVariables(outside.environment) }
        : { files: await readFiles(file, input) }
    const { identities: publishers, grants } = readPublishers(identities, documents, place)
    const items = await renderManifests({ documents, wanted, publishers }, place)
    terminal.print(
      output === 'json'
        ? await renderList(items)
        : renderPreamble(documents, grants, place) + (await renderYaml(items)),
    )
    return 0
  },
}

/** @throws USAGE_INVALID */
async function readPlace(namespace = 'pullpass-system', image?: string): Promise<Place> {
  if (image === undefined) return { namespace, image: `pullpass:${(await import('./version.ts')).version}` }
  if (parseImageReference(image) !== undefined) return { namespace, image }
  throw usageFault(
    'manifests',
    `--image is ${showValue(image)}`,
    'the name of an image, such as registry.example.com/pullpass:1.0.0',
  )
}

/** @throws USAGE_INVALID */
function readPublishers(identities: readonly string[], documents: readonly Document[], place: Place): Publishers {
  const publishers = publishersOf(documents, parsePublishAs(identities), place)
  const [unused] = publishers.unused
  if (unused === undefined) return publishers
  throw usageFault('manifests', `--publish-as names an identity at ${unused}`, 'a document that publishes there')
}

/** The documents are read twice: once for what they say, once for their text. */
function readOnce(readInput: () => Promise<string>): () => Promise<string> {
  let text: Promise<string> | undefined
  return () => (text ??= readInput())
}

async function readFiles(files: readonly string[], readInput: () => Promise<string>) {
  const { readDocumentFiles } = await import('../manifests/read-document-files.ts')
  return readDocumentFiles(files, readInput)
}

const renderList = async (items: readonly Manifest[]): Promise<string> =>
  await renderStructured({ apiVersion: 'v1', kind: 'List', items }, 'json')

async function renderYaml(items: readonly Manifest[]): Promise<string> {
  const { stringify } = await import('yaml')
  // Not trimmed one by one: a file in a ConfigMap may end in empty lines.
  const documents = items.map((item) => stringify(item, { lineWidth: 0, aliasDuplicateObjects: false }))
  return documents.join('---\n').trimEnd()
}
