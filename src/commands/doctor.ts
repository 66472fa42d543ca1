/** pullpass doctor: the whole way for a document, hop by hop, with what mends the first that fails. Changes nothing. */
import { diagnose } from '../doctor/diagnose.ts'
import { takesFiles } from '../doctor/facts/trust.ts'
import { type Finding, failedBy } from '../doctor/finding.ts'
import { printedCommands } from '../doctor/printed-commands.ts'
import type { DoctorRequest, Image, Refresher } from '../doctor/request.ts'
import type { Document, NamespacedName } from '../document/document.ts'
import { labelName } from '../document/kubernetes-names.ts'
import { type DocumentContext, loadDocuments } from '../document/load-documents.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Environment } from '../http/context.ts'
import { checkProxy } from '../http/proxy.ts'
import { readTokenFile } from '../identity/token-file.ts'
import { connect } from '../kubernetes/connect.ts'
import { checkOnePass } from '../refresh/plan.ts'
import { parseImageReference } from '../registry/image-reference.ts'
import { quote } from '../text/plain-text.ts'
import { loadStores } from '../vendors/target.ts'
import { issuerVerifiers } from '../vendors/vendor.ts'
import type { Call, Command, ExitCode } from './command.ts'
import { doctorResult, renderFindings } from './doctor/report.ts'
import { type Flag, usageFault } from './flag.ts'
import { clusterFlags, documentFlags, outputFlags, parseNamespacedName } from './flags.ts'
import { renderResult } from './output.ts'
import { refuseUnusedTokenFile } from './unused-flags.ts'

const doctorFlags: typeof documentFlags &
  typeof clusterFlags &
  typeof outputFlags & {
    readonly namespace: Flag & { type: 'string' }
    readonly pod: Flag & { type: 'string' }
    readonly image: Flag & { type: 'string' }
    readonly 'plain-http': Flag & { type: 'string'; multiple: true }
    readonly 'service-account': Flag & { type: 'string' }
    readonly 'token-file': Flag & { type: 'string' }
  } = {
  ...documentFlags,
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    rule: labelName,
    summary: 'Check this namespace only',
  },
  pod: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Look at this pod too: its pull secrets, its images, its back-off',
  },
  image: { type: 'string', value: 'IMAGE', summary: "Try this image's manifest, and match it as a kubelet does" },
  'plain-http': {
    type: 'string',
    multiple: true,
    value: 'HOST[:PORT]',
    summary: 'Ask this registry by plain HTTP, as nodes that are configured for it; repeatable',
  },
  'service-account': {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Request its token in place of reading the token file, which lies in a pod',
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    summary: 'Where the subject token is read (PULLPASS_TOKEN_FILE; default /var/run/secrets/tokens/oidc-token)',
  },
  ...outputFlags,
  ...clusterFlags,
}

type DoctorCall = Call<typeof doctorFlags>

export const doctor: Command<typeof doctorFlags> = {
  summary: 'Find the step that fails, and its fix',
  usage: ['doctor -f FILE [flags]', 'doctor [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)'],
  details: [
    'Walks the whole way for these documents, in the pod that refreshes or from a laptop: token, clock, issuer, key and',
    'signature as a stranger sees them, exchange, impersonation, registry, rights, namespaces, Secrets, and with --pod what',
    'a kubelet makes of them. The first hop that failed comes with the command that mends it; what only follows from it is',
    'skipped. Exit code 1 where one failed.',
    'Nothing is changed. Token requests and exchanges are real, what a refresh would write is a dry run; no token is shown.',
    '',
    'Examples:',
    '  pullpass doctor -f artifact-registry.yaml --image europe-docker.pkg.dev/project/images/app:v1',
    '  pullpass doctor -f artifact-registry.yaml --service-account image-system/pullpass --pod team-a/web-7d9f',
  ].join('\n'),
  life: 'one-shot',
  flags: doctorFlags,

  async run(call) {
    const findings = await examine(call)
    const { terminal } = call
    const { output } = call.flags
    terminal.print(
      output === undefined ? renderFindings(findings, terminal) : await renderResult(doctorResult(findings), output),
    )
    return exitCodeOf(findings)
  },
}

const exitCodeOf = (findings: readonly Finding[]): ExitCode =>
  findings.some(({ result }) => result === 'failed') ? 1 : 0

async function examine(call: DoctorCall): Promise<Finding[]> {
  const { context, terminal } = call
  const ask = readFlags(call)
  checkProxy(context.environment)
  const documents = await loadRefreshable(call.flags.file, { ...context, ...terminal }).catch(asFault)
  if (documents instanceof PullpassError && notGiven.includes(documents.code)) throw documents
  if (documents instanceof PullpassError)
    return [failedBy('document', call.flags.file.join(', ') || 'the environment', documents)]
  checkPlainHttp(call.flags['plain-http'], documents)
  await checkTokenFile(call.flags['token-file'], documents)
  const cluster = await connect({ ...call.flags, tries: 'briefly' }, context).catch(asFault)
  if (cluster instanceof PullpassError && namesCluster(call) && cluster.code === 'KUBECONFIG_INVALID') throw cluster
  try {
    return await diagnose(await requestOf(documents, ask, call), cluster, context)
  } finally {
    if (!(cluster instanceof PullpassError)) await cluster.close()
  }
}

/** What is wrong with the file's content is a finding. @throws USAGE_INVALID where it is not used, TOKEN_FILE_UNREADABLE */
async function checkTokenFile(file: string | undefined, documents: readonly Document[]): Promise<void> {
  refuseUnusedTokenFile('doctor', file, documents)
  const fault = file === undefined ? undefined : await readTokenFile(file).catch(asFault)
  if (fault instanceof PullpassError && fault.code === 'TOKEN_FILE_UNREADABLE') throw fault
}

const namesCluster = ({ flags }: DoctorCall) => flags.kubeconfig !== undefined || flags.context !== undefined

/** Without a document there is nothing to diagnose: the command line is wrong. */
const notGiven: readonly ErrorCode[] = ['USAGE_INVALID', 'DOCUMENT_UNREADABLE']

/** Documents that a refresh accepts. @throws what loadDocuments throws; DOCUMENT_INVALID for a field that needs a controller */
async function loadRefreshable(files: readonly string[], context: DocumentContext): Promise<Document[]> {
  const documents = await loadDocuments(files, context)
  documents.forEach(checkOnePass)
  return documents
}

interface FlagsRead {
  readonly pod: NamespacedName | undefined
  readonly serviceAccount: NamespacedName | undefined
  readonly image: Image | undefined
  readonly namespace: string | undefined
}

/** @throws USAGE_INVALID */
function readFlags({ flags }: DoctorCall): FlagsRead {
  const pod = flags.pod === undefined ? undefined : parseNamespacedName(flags.pod, 'pod', 'doctor')
  const account = flags['service-account']
  if (pod !== undefined && flags.namespace !== undefined && flags.namespace !== pod.namespace) {
    throw usageFault(
      'doctor',
      `--namespace is ${quote(flags.namespace)}, and --pod is ${quote(flags.pod ?? '')}`,
      'one namespace',
    )
  }
  return {
    pod,
    serviceAccount: account === undefined ? undefined : parseNamespacedName(account, 'service account', 'doctor'),
    image: flags.image === undefined ? undefined : readImage(flags.image),
    namespace: flags.namespace ?? pod?.namespace,
  }
}

function readImage(name: string): Image {
  const reference = parseImageReference(name)
  if (reference !== undefined) return { name, reference }
  throw usageFault(
    'doctor',
    `${quote(name)} is not a valid image name`,
    'HOST/PATH:TAG or HOST/PATH@DIGEST, as in a pod',
  )
}

/** A name that no document has would have no effect. @throws USAGE_INVALID */
function checkPlainHttp(hosts: readonly string[], documents: readonly Document[]): void {
  const known = documents.flatMap(({ registries }) =>
    registries.flatMap((registry) => registry.hosts.map((host) => host.split('/', 1)[0] ?? '')),
  )
  const strange = hosts.find((host) => !known.includes(host))
  if (strange === undefined) return
  throw usageFault(
    'doctor',
    `--plain-http is ${quote(strange)}, which no document names`,
    `host[:port] of a registry: ${[...new Set(known)].join(', ')}`,
  )
}

async function requestOf(
  documents: readonly Document[],
  ask: FlagsRead,
  { flags, common, context }: DoctorCall,
): Promise<DoctorRequest> {
  const { environment } = context
  const { kubeconfig, file: files } = flags
  const tokenFile = flags['token-file']
  const tokenFiles = tokenFile !== undefined || areHere(environment) ? 'here' : 'elsewhere'
  return {
    ...ask,
    documents,
    verifiers: await issuerVerifiers(
      context.vendors,
      documents.flatMap(({ registries }) => registries.map(({ vendor }) => vendor)),
    ),
    refresher: environment['KUBERNETES_SERVICE_HOST'] ? undefined : refresherOf(documents, ask),
    plainHttp: flags['plain-http'],
    tokenFiles,
    authorities: trustsOthers(common['ca-file'], environment) ? 'others too' : 'public ones',
    source: { ...context, tokenFile },
    commands: printedCommands({
      files,
      kubeconfig,
      context: flags.context,
      tokenFile,
      environment,
      stores: await loadStores(context.vendors),
      refreshes:
        tokenFiles === 'here' || !takesFiles(documents) ? 'who looks' : (ask.serviceAccount ?? 'somebody else'),
      at: context.now(),
    }),
  }
}

/** In a pod it is who asks; from afar it is named, or else the one whose tokens all documents request. */
function refresherOf(documents: readonly Document[], { serviceAccount }: FlagsRead): Refresher | undefined {
  if (serviceAccount !== undefined) return { ...serviceAccount, known: 'named' }
  const [first, ...more] = documents.map(({ serviceAccountRef }) => serviceAccountRef)
  const one = more.every((other) => other?.namespace === first?.namespace && other?.name === first?.name)
  return one && first !== undefined ? { ...first, known: 'guessed' } : undefined
}

const trustsOthers = (caFile: string | undefined, environment: Environment): boolean =>
  [caFile, environment['PULLPASS_CA_FILE'], environment['NODE_EXTRA_CA_CERTS']].some(Boolean)

/** In a pod, or where somebody says which file holds the token. */
const areHere = (environment: Environment) =>
  Boolean(environment['KUBERNETES_SERVICE_HOST'] || environment['PULLPASS_TOKEN_FILE'])
