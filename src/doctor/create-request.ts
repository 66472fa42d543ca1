/** Derives from documents, flags and environment what `pullpass doctor` checks, and the commands that it prints. */
import type { Document, NamespacedName } from '../document/document.ts'
import type { Environment } from '../http/context.ts'
import { onePassFault } from '../refresh/unsupported-fields.ts'
import { loadStores } from '../vendors/target.ts'
import { issuerVerifiers, type VendorContext } from '../vendors/vendor.ts'
import { takesFiles } from './facts/trust.ts'
import { printedCommands } from './printed-commands.ts'
import type { DoctorRequest, Image, Refresher } from './request.ts'

/** As given on the command line. */
export interface RequestOptions {
  readonly files: readonly string[]
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly caFile: string | undefined
  readonly tokenFile: string | undefined
  readonly plainHttp: readonly string[]
  readonly pod: NamespacedName | undefined
  readonly serviceAccount: NamespacedName | undefined
  readonly image: Image | undefined
  readonly namespace: string | undefined
}

export async function createRequest(
  documents: readonly Document[],
  options: RequestOptions,
  context: VendorContext,
): Promise<DoctorRequest> {
  const { environment, vendors } = context
  const { files, kubeconfig, tokenFile, plainHttp, pod, serviceAccount, image, namespace } = options
  const refused = documents.flatMap((document) => onePassFault(document) ?? [])[0]
  const tokenFiles = tokenFile !== undefined || hasTokenFiles(environment) ? 'here' : 'elsewhere'
  return {
    documents,
    pod,
    serviceAccount,
    image,
    namespace,
    plainHttp,
    tokenFiles,
    verifiers: await issuerVerifiers(
      vendors,
      documents.flatMap(({ registries }) => registries.map(({ vendor }) => vendor)),
    ),
    refresher: environment['KUBERNETES_SERVICE_HOST'] ? undefined : refresherOf(documents, serviceAccount),
    authorities: trustsOthers(options.caFile, environment) ? 'others too' : 'public ones',
    source: { ...context, tokenFile },
    refused,
    commands: printedCommands({
      files,
      kubeconfig,
      tokenFile,
      environment,
      context: options.context,
      stores: await loadStores(vendors),
      refreshes: tokenFiles === 'here' || !takesFiles(documents) ? 'this user' : (serviceAccount ?? 'other'),
      refused,
      at: context.now(),
    }),
  }
}

/** Outside of a Pod: the given service account, or else the one whose tokens all documents request. */
function refresherOf(
  documents: readonly Document[],
  serviceAccount: NamespacedName | undefined,
): Refresher | undefined {
  if (serviceAccount !== undefined) return { ...serviceAccount, known: 'named' }
  const [first, ...more] = documents.map(({ serviceAccountRef }) => serviceAccountRef)
  const one = more.every((other) => other?.namespace === first?.namespace && other?.name === first?.name)
  return one && first !== undefined ? { ...first, known: 'guessed' } : undefined
}

/** Whether this run trusts certificate authorities that clouds do not. */
const trustsOthers = (caFile: string | undefined, environment: Environment): boolean =>
  [caFile, environment['PULLPASS_CA_FILE'], environment['NODE_EXTRA_CA_CERTS']].some(Boolean)

/** In a Pod, or if a variable names the token file. */
const hasTokenFiles = (environment: Environment): boolean =>
  Boolean(environment['KUBERNETES_SERVICE_HOST'] || environment['PULLPASS_TOKEN_FILE'])
