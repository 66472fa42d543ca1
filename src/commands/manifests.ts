/** pullpass manifests: prints a CronJob or a controller for the documents, with exactly the permissions that it needs. */

import { checkControlled } from '../controller/documents.ts'
import type { Document } from '../document/document.ts'
import { dropInForm, loadDocuments } from '../document/load-documents.ts'
import type { Context } from '../http/context.ts'
import type { Authorities, InstallTarget, Manifest, ResourceLimits } from '../manifests/manifest.ts'
import { renderManifests, renderPreamble } from '../manifests/manifests.ts'
import { containerVariables } from '../manifests/pod.ts'
import { type Publishers, parsePublishAs, publishersOf } from '../manifests/publishers.ts'
import { checkOnePass } from '../refresh/unsupported-fields.ts'
import { renderManifestYaml, renderStructured } from '../terminal/render-structured.ts'
import { plainLine } from '../text/plain-text.ts'
import { withholdSecrets } from '../text/secret-register.ts'
import { shellQuote } from '../text/shell.ts'
import type { VendorContext, Vendors } from '../vendors/vendor.ts'
import type { Command } from './command-line/command.ts'
import { type Flag, type FlagValues, usageFault } from './command-line/flag.ts'
import { clusterFlags, documentFlags, givenClusterFlag, objectOutputFlag } from './command-line/flags.ts'
import { withholdInValues } from './command-line/output.ts'
import { podFlags, readPodFlags, refuseSystemNamespace } from './manifests/pod-flags.ts'
import { readResourceFlags, resourceFlags } from './manifests/resource-flags.ts'
import { version } from './version.ts'

const flags: typeof documentFlags &
  typeof resourceFlags &
  typeof objectOutputFlag &
  typeof podFlags &
  typeof clusterFlags & {
    readonly controller: Flag & { type: 'boolean' }
    readonly 'publish-as': Flag & { type: 'string'; multiple: true }
  } = {
  ...documentFlags,
  ...podFlags,
  controller: {
    type: 'boolean',
    summary: 'Print a Deployment of pullpass controller with two replicas, instead of a CronJob',
  },
  ...resourceFlags,
  'publish-as': {
    type: 'string',
    multiple: true,
    value: 'IDENTITY',
    summary: 'Identity that publishes a new key where a document names the target; repeatable',
    vendorSummary: (vendors) =>
      Object.values(vendors)
        .flatMap(({ publisherIdentity }) => publisherIdentity?.form ?? [])
        .join(', or '),
  },
  ...objectOutputFlag,
  ...clusterFlags,
}

export const manifests: Command<typeof flags> = {
  relatedFlags: {
    'tenant-secret-name': '--secret-name, for ClusterPullSecrets and PullSecrets',
    'tenant-audience': '--audience, for ClusterPullSecrets and PullSecrets',
  },
  usage: [
    'manifests -f FILE --image IMAGE [flags]',
    'manifests -f FILE --image IMAGE --controller [flags]',
    'manifests --image IMAGE --controller --custom-resources --secret-name NAME [flags]',
    'manifests --image IMAGE [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)',
  ],
  details: [
    'Prints a CronJob that runs pullpass refresh for the documents and renews credentials that expire within two runs,',
    'with a Namespace, a ServiceAccount, RBAC computed from the documents, ValidatingAdmissionPolicies (Kubernetes 1.30 or',
    'newer) and a NetworkPolicy. Comments state the subject that the cloud must trust.',
    '--controller prints a Deployment of pullpass controller with two replicas and a PodDisruptionBudget instead; its metrics',
    'are open to namespaces with the label metrics=enabled. It replaces the CronJob, which you delete.',
    '--custom-resources lets that controller use the ClusterPullSecrets of the cluster, within the names that the flags',
    'allow; pullpass manifests crds prints their definition. --tenant-service-account lets it also use PullSecrets, which',
    'teams write in their namespaces: an account with edit there may, if it may request that token and write that Secret.',
    'If a document configures publication of its issuer, the Pod can publish new keys with a separate token.',
    'The cluster is read only with --context or --kubeconfig, for the ports of its API servers.',
    'Print and apply the manifests again after a change of the documents.',
    'Each namespace that is given by name receives a Role and must exist; globs and selectors require a ClusterRole. RBAC',
    'cannot prevent reading the Secrets of that name; with a ClusterRole, in all namespaces.',
    '',
    'Examples:',
    '  pullpass manifests -f documents.yaml --image registry.example.com/pullpass:1.0.0 | kubectl apply --server-side -f -',
    '  pullpass manifests -f documents/ --image registry.example.com/pullpass:1.0.0 -n image-system \\',
    '    --https-proxy http://proxy.example.com:3128 --no-proxy .example.com --ca-file ca.crt \\',
    '    --toleration dedicated=infra:NoSchedule --node-selector node-role.kubernetes.io/infra= > pullpass.yaml',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: given, common, context, terminal }) {
    const { file, output, 'publish-as': identities } = given
    const { installTarget, settings, caConfigMap, apiServerPorts } = readPodFlags(given)
    const workload = given.controller ? 'controller' : 'CronJob'
    const resources = readResourceFlags(given)
    if (workload === 'controller') checkControllerFlags(given, resources)
    refuseSystemNamespace('manifests', installTarget.namespace)
    const authorities = await readCa(common['ca-file'], caConfigMap)
    if (Array.isArray(apiServerPorts) || apiServerPorts === 'no NetworkPolicy') refuseCluster(given)
    const readInput = readOnce(terminal.readInput)
    const documents =
      file.length === 0 && resources !== undefined ? [] : await loadDocuments(file, { ...context, readInput })
    documents.forEach(workload === 'CronJob' ? checkOnePass : checkControlled)
    const input =
      file.length === 0
        ? { variables: resources === undefined ? await readVariables(context) : [] }
        : { files: await readFiles(file, readInput, context.vendors) }
    const {
      identities: publishers,
      targets,
      grants,
    } = await readPublishers(identities, documents, installTarget, context.vendors)
    const networkPolicy =
      apiServerPorts === 'no NetworkPolicy'
        ? 'absent'
        : { apiServerPorts: apiServerPorts ?? (await findApiServerPorts(given, context)) ?? usualApiServerPorts }
    if (resources !== undefined) warnOfNoTokens(resources, context)
    await warnOfVariables(context, documents, authorities)
    const rendered = await renderManifests(
      {
        documents,
        workload,
        input,
        resources,
        publishers,
        targets,
        settings: { ...settings, authorities, networkPolicy },
      },
      installTarget,
      context.vendors,
    )
    const items = withholdInValues(rendered, context.secrets)
    terminal.print(
      output === 'json'
        ? await renderList(items)
        : withholdSecrets(
            renderPreamble({
              version,
              command: commandOf(given),
              documents,
              resources,
              grants,
              installTarget,
              settings: { ...settings, authorities, networkPolicy },
            }),
            context.secrets,
          ) + (await renderManifestYaml(items)),
    )
    return 0
  },
}

/** With every flag that was given; a proxy with a password was refused. */
function commandOf(given: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(given).flatMap(([name, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    return values.flatMap((one) => (one === true ? [`--${name}`] : typeof one === 'string' ? [`--${name}`, one] : []))
  })
  return plainLine(['pullpass manifests', ...words.map(shellQuote)].join(' '))
}

/** @throws USAGE_INVALID */
function checkControllerFlags(
  { file, schedule }: { readonly file: readonly string[]; readonly schedule?: unknown },
  resources: ResourceLimits | undefined,
): void {
  if (file.length === 0 && resources === undefined)
    throw usageFault(
      'manifests',
      '--controller is given without -f',
      'files with documents: -f FILE; or --custom-resources',
    )
  if (schedule !== undefined)
    throw usageFault(
      'manifests',
      '--schedule is given with --controller',
      'no schedule: a controller refreshes by expiry',
    )
}

/** Registries that need no token can still be in custom resources, so that these flags are valid. */
function warnOfNoTokens({ accounts, tenants }: ResourceLimits, { log }: Pick<Context, 'log'>): void {
  if (accounts.length > 0 || tenants !== undefined) return
  log('warn', 'the controller may request no token for custom resources: it refreshes only registries that need none', {
    fix: 'add --service-account NAMESPACE/NAME or --tenant-service-account NAME, and --audience AUDIENCE',
  })
}

/** Variables of this run that the Pods do not have: the Pods would contact other servers, or trust other authorities. */
async function warnOfVariables(
  { environment, log, vendors }: Pick<VendorContext, 'environment' | 'log' | 'vendors'>,
  documents: readonly Document[],
  authorities?: Authorities,
): Promise<void> {
  const message = 'the Pods will not have a variable that is set here'
  const used = new Set(documents.flatMap(({ registries }) => registries.map(({ vendor }) => vendor)))
  const exchanges = await Promise.all([...used].map(async (vendor) => await vendors[vendor]?.exchange?.()))
  const variables = new Set(exchanges.flatMap((exchange) => exchange?.endpointVariables ?? []))
  for (const variable of [...variables].filter((name) => environment[name]).toSorted()) {
    const fix = 'if the exchange needs it, set it under endpoints of the registry in the document; else unset it'
    log('warn', message, { variable, fix })
  }
  if (environment['PULLPASS_CA_FILE'] && authorities === undefined) {
    log('warn', message, { variable: 'PULLPASS_CA_FILE', fix: 'give --ca-file FILE or --ca-configmap NAME' })
  }
}

/** Of most distributions. A NetworkPolicy applies to the port where an API server listens, not to its Service's 443. */
const usualApiServerPorts = [443, 6443]

type ClusterGiven = Pick<FlagValues<typeof flags>, 'kubeconfig' | 'context'>

/** The cluster is not read then. @throws USAGE_INVALID */
function refuseCluster(given: ClusterGiven): void {
  const name = givenClusterFlag(given)
  if (name === undefined) return
  throw usageFault(
    'manifests',
    `${name} has no effect: the ports of API servers are not looked up`,
    `no --api-server-port and no --no-network-policy with ${name}`,
  )
}

/** From the EndpointSlices of Service kubernetes; undefined without --context and --kubeconfig. @throws errors of the cluster */
async function findApiServerPorts(given: ClusterGiven, context: Context): Promise<number[] | undefined> {
  if (given.kubeconfig === undefined && given.context === undefined) return undefined
  const [{ connect }, { listApiServers }] = await Promise.all([
    import('../kubernetes/connect.ts'),
    import('../kubernetes/objects/api-servers.ts'),
  ])
  const cluster = await connect(given, context)
  try {
    const ports = (await listApiServers(cluster)).map(({ port }) => Number(port || 443))
    return ports.length === 0 ? undefined : [...new Set(ports)].toSorted((one, other) => one - other)
  } finally {
    await cluster.close()
  }
}

/** @throws USAGE_INVALID, CA_FILE_INVALID */
async function readCa(file: string | undefined, configMap: Authorities | undefined): Promise<Authorities | undefined> {
  if (file === undefined) return configMap
  if (configMap !== undefined)
    throw usageFault(
      'manifests',
      '--ca-configmap is given with --ca-file',
      'a ConfigMap that exists, or a file from which one is printed',
    )
  const { readAuthorities } = await import('../http/authorities.ts')
  return { text: `${await readAuthorities(file)}\n` }
}

/** @throws USAGE_INVALID */
async function readPublishers(
  identities: readonly string[],
  documents: readonly Document[],
  installTarget: InstallTarget,
  vendors: Vendors,
): Promise<Publishers> {
  const publishers = await publishersOf(documents, await parsePublishAs(identities, vendors), installTarget, vendors)
  const [unused] = publishers.unused
  if (unused === undefined) return publishers
  throw usageFault('manifests', `--publish-as names an identity at ${unused}`, 'a document that publishes there')
}

/** The documents are read twice: parsed, and as text. */
function readOnce(readInput: () => Promise<string>): () => Promise<string> {
  let text: Promise<string> | undefined
  return () => (text ??= readInput())
}

async function readVariables({ environment, vendors }: VendorContext) {
  const { names } = await dropInForm(vendors, environment)
  return containerVariables(environment, names)
}

async function readFiles(files: readonly string[], readInput: () => Promise<string>, vendors: Vendors) {
  const { readDocumentFiles } = await import('../manifests/document-files.ts')
  return readDocumentFiles(files, readInput, vendors)
}

const renderList = async (items: readonly Manifest[]): Promise<string> =>
  await renderStructured({ apiVersion: 'v1', kind: 'List', items }, 'json')
