/** pullpass doctor: checks each hop of the documents, and prints the fix of the first failure. Changes nothing. */
import { createRequest, type RequestOptions } from '../doctor/create-request.ts'
import { diagnose } from '../doctor/diagnose.ts'
import { failedBy, type HopFinding } from '../doctor/finding.ts'
import { hops } from '../doctor/hops.ts'
import type { Image } from '../doctor/request.ts'
import type { Document } from '../document/document.ts'
import { labelName } from '../document/kubernetes-names.ts'
import { loadDocuments } from '../document/load-documents.ts'
import { showValue } from '../document/show-value.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import { checkProxy } from '../http/proxy.ts'
import { readTokenFile } from '../identity/token-file.ts'
import { connect } from '../kubernetes/connect.ts'
import { parseImageReference } from '../registry/image-reference.ts'
import type { Call, Command, ExitCode } from './command-line/command.ts'
import { type Flag, usageFault } from './command-line/flag.ts'
import { clusterFlags, documentFlags, outputFlags, parseNamespacedName, tokenFileFlag } from './command-line/flags.ts'
import { breakLines } from './command-line/help.ts'
import { renderResult } from './command-line/output.ts'
import { refuseUnusedTokenFile } from './command-line/unused-flags.ts'
import { doctorResult, renderFindings } from './doctor/report.ts'

const doctorFlags: typeof documentFlags &
  typeof tokenFileFlag &
  typeof clusterFlags &
  typeof outputFlags & {
    readonly namespace: Flag & { type: 'string' }
    readonly pod: Flag & { type: 'string' }
    readonly image: Flag & { type: 'string' }
    readonly 'plain-http': Flag & { type: 'string'; multiple: true }
    readonly 'service-account': Flag & { type: 'string' }
  } = {
  ...documentFlags,
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    rule: labelName,
    summary: 'Namespace to check (default: all)',
  },
  pod: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Pod to check: its pull secrets, images and back-off',
  },
  image: {
    type: 'string',
    value: 'IMAGE',
    summary: 'Image to check: requests its manifest, and selects credentials as a kubelet does',
  },
  'plain-http': {
    type: 'string',
    multiple: true,
    value: 'HOST[:PORT]',
    summary: 'Registry to contact by plain HTTP, as nodes with that configuration do; repeatable',
  },
  'service-account': {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary:
      'Service account of the Pod that refreshes: its permissions and CronJob; its token too, but only for documents without serviceAccountRef',
  },
  ...tokenFileFlag,
  ...outputFlags,
  ...clusterFlags,
}

type DoctorCall = Call<typeof doctorFlags>

export const doctor: Command<typeof doctorFlags> = {
  usage: ['doctor -f FILE [flags]', 'doctor [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)'],
  details: [
    'Checks each hop of the documents, in the Pod that refreshes or from a workstation: token, clock, public issuer',
    'metadata, key and signature, exchange, registry, permissions, namespaces and Secrets; with --pod also what the kubelet',
    'does with them. The first failure is printed with the command that fixes it; its consequences are skipped. The exit',
    'code is 1 if a hop failed. Nothing is changed: token requests and exchanges are real, writes are dry runs. Tokens are',
    'never printed.',
    ...breakLines(`Hops: ${hops.map(({ name }) => name).join(', ')}.`, 120),
    '',
    'Examples:',
    '  pullpass doctor -f artifact-registry.yaml --image europe-docker.pkg.dev/project/images/app:v1',
    '  pullpass doctor -f artifact-registry.yaml --service-account image-system/pullpass --pod team-a/web-7d9f',
  ].join('\n'),
  life: 'one-shot',
  flags: doctorFlags,

  async run(call) {
    const findings = await examine(call)
    const { terminal, context } = call
    const { output } = call.flags
    terminal.print(
      output === undefined
        ? renderFindings(findings, terminal)
        : await renderResult(doctorResult(findings), output, context.secrets),
    )
    return exitCodeOf(findings)
  },
}

const exitCodeOf = (findings: readonly HopFinding[]): ExitCode =>
  findings.some(({ result }) => result === 'failed') ? 1 : 0

async function examine(call: DoctorCall): Promise<HopFinding[]> {
  const { context, terminal } = call
  const options = readFlags(call)
  checkProxy(context.environment)
  const documents = await loadDocuments(call.flags.file, { ...context, ...terminal }).catch(asFault)
  if (documents instanceof PullpassError && missingDocument.includes(documents.code)) throw documents
  if (documents instanceof PullpassError)
    return [failedBy('document', call.flags.file.join(', ') || 'the environment', documents)]
  checkPlainHttp(call.flags['plain-http'], documents)
  await checkTokenFile(call.flags['token-file'], documents)
  const cluster = await connect({ ...call.flags, retries: 'few' }, context).catch(asFault)
  if (cluster instanceof PullpassError && namesCluster(call) && cluster.code === 'KUBECONFIG_INVALID') throw cluster
  try {
    const { kubeconfig, file: files } = call.flags
    const request = await createRequest(
      documents,
      {
        ...options,
        kubeconfig,
        files,
        context: call.flags.context,
        caFile: call.common['ca-file'],
        tokenFile: call.flags['token-file'],
        plainHttp: call.flags['plain-http'],
      },
      context,
    )
    return await diagnose(request, cluster, context)
  } finally {
    if (!(cluster instanceof PullpassError)) await cluster.close()
  }
}

/** Invalid content of the file is a finding. @throws USAGE_INVALID if it is not used, TOKEN_FILE_UNREADABLE */
async function checkTokenFile(file: string | undefined, documents: readonly Document[]): Promise<void> {
  refuseUnusedTokenFile('doctor', file, documents)
  const fault = file === undefined ? undefined : await readTokenFile(file).catch(asFault)
  if (fault instanceof PullpassError && fault.code === 'TOKEN_FILE_UNREADABLE') throw fault
}

const namesCluster = ({ flags }: DoctorCall) => flags.kubeconfig !== undefined || flags.context !== undefined

/** Without a document there is nothing to check: the usage is invalid. */
const missingDocument: readonly ErrorCode[] = ['USAGE_INVALID', 'DOCUMENT_UNREADABLE']

/** @throws USAGE_INVALID */
function readFlags({ flags }: DoctorCall): Pick<RequestOptions, 'pod' | 'serviceAccount' | 'image' | 'namespace'> {
  const pod = flags.pod === undefined ? undefined : parseNamespacedName(flags.pod, '--pod', 'doctor')
  const account = flags['service-account']
  if (pod !== undefined && flags.namespace !== undefined && flags.namespace !== pod.namespace) {
    throw usageFault(
      'doctor',
      `--namespace is ${showValue(flags.namespace)}, and --pod is ${showValue(flags.pod)}`,
      'the namespace of the Pod, for which --namespace can be omitted',
    )
  }
  return {
    pod,
    serviceAccount: account === undefined ? undefined : parseNamespacedName(account, '--service-account', 'doctor'),
    image: flags.image === undefined ? undefined : readImage(flags.image),
    namespace: flags.namespace ?? pod?.namespace,
  }
}

function readImage(name: string): Image {
  const reference = parseImageReference(name)
  if (reference !== undefined) return { name, reference }
  throw usageFault(
    'doctor',
    `--image is ${showValue(name)}, not an image name`,
    'HOST/PATH:TAG or HOST/PATH@DIGEST, as in a pod',
  )
}

/** A host of no document has no effect. @throws USAGE_INVALID */
function checkPlainHttp(hosts: readonly string[], documents: readonly Document[]): void {
  const known = documents.flatMap(({ registries }) =>
    registries.flatMap((registry) => registry.hosts.map((host) => host.split('/', 1)[0] ?? '')),
  )
  const unknown = hosts.find((host) => !known.includes(host))
  if (unknown === undefined) return
  throw usageFault(
    'doctor',
    `--plain-http is ${showValue(unknown)}, which is not a registry of the documents`,
    `host[:port] of a registry: ${[...new Set(known)].join(', ')}`,
  )
}
