/**
 * Verifies the grants: exchanges a real token and requests an image of the repository, as a kubelet does. A new grant takes a
 * minute or more to take effect everywhere, so a refusal is retried for some time.
 */
import type { RegistryCredential } from '../credential/registry-credential.ts'
import { type DocumentRegistry, type NamespacedName, requestedAccount } from '../document/document.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import type { Environment } from '../http/context.ts'
import { retryDelayMs } from '../http/retry.ts'
import { decodeSubjectToken, type SubjectToken } from '../identity/subject-token.ts'
import { readTokenFile, tokenFilePath } from '../identity/token-file.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { requestToken } from '../kubernetes/objects/request-token.ts'
import { tryPull } from '../registry/pull.ts'
import type { TrustNeed } from '../vendors/trust-contract.ts'
import { type BoundExchange, bindExchange, type VendorContext } from '../vendors/vendor.ts'
import type { GatheredCluster } from './clusters.ts'
import { trustSetup } from './needs.ts'

/** What a trial is about. */
interface TrialSubject {
  /** Name of the registry. */
  readonly registry: string
  /** `KIND/NAME`. */
  readonly document: string
  /** Name of the cluster. */
  readonly cluster: string
}

export interface Verification {
  readonly subject: TrialSubject
  readonly registry: DocumentRegistry
  /** As the vendor names it, for messages. */
  readonly repository: string
  /** The path of an image in it that does not exist. */
  readonly image: string
  /** A token for the audience; rejects if none is available here, which says nothing about trust. */
  readonly token: (audience: string, lifeSeconds: number) => Promise<SubjectToken>
}

/** Each registry of each document, with a token of each cluster. */
export async function listTrials(
  needs: readonly TrustNeed[],
  clusters: readonly GatheredCluster[],
  { environment, vendors }: Pick<VendorContext, 'environment' | 'vendors'>,
): Promise<Verification[]> {
  return await Promise.all(
    needs.map(async ({ document, registry, cluster, repository = '' }) => {
      const { repositories } = await trustSetup(registry.vendor, vendors)
      const connection = clusters.find((one) => one === cluster)?.connection
      return {
        subject: { registry: registry.name, document: `${document.kind}/${document.name}`, cluster: cluster.name },
        registry,
        repository,
        image: repositories.imageIn(repository, 'pullpass-trial'),
        token: tokenOf(requestedAccount(document, registry), registry, connection, environment),
      }
    }),
  )
}

/** A token file exists only in a Pod: elsewhere the trial has no token. */
function tokenOf(
  account: NamespacedName | undefined,
  registry: TrustNeed['registry'],
  connection: Cluster | undefined,
  environment: Environment,
): Verification['token'] {
  return async (audience, lifeSeconds) => {
    if (account === undefined || connection === undefined) {
      return await readTokenFile(registry.tokenFile ?? tokenFilePath(undefined, environment), registry.tokenFileField)
    }
    const { value } = await requestToken(connection, account, { audience, lifeSeconds })
    return decodeSubjectToken(value, `the token of service account ${account.namespace}/${account.name}`)
  }
}

export type VerificationResult = TrialSubject &
  (
    | { readonly result: 'works' }
    | { readonly result: 'fails'; readonly fault: PullpassError }
    /** No token is available here. */
    | { readonly result: 'untried'; readonly fault: PullpassError }
  )

export interface Patience {
  /** The longest total wait. */
  readonly longestMs: number
  readonly onWait: (subject: string, fault: PullpassError) => void
}

export async function verifyTrust(
  trial: Verification,
  patience: Patience,
  context: VendorContext,
): Promise<VerificationResult> {
  const startedMs = context.now().getTime()
  let waitedMs = 0
  for (let attempt = 1; ; attempt++) {
    context.signal.throwIfAborted()
    const tried = await tryOnce(trial, context)
    if (tried.result !== 'fails') return tried
    const delayMs = 2 * (retryDelayMs(attempt, context.random(), undefined, context.now()) ?? 0)
    const passedMs = Math.max(waitedMs, context.now().getTime() - startedMs) + delayMs
    if (!transientCodes.has(tried.fault.code) || passedMs > patience.longestMs) return tried
    patience.onWait(nameOf(trial), tried.fault)
    await context.sleep(delayMs, context.signal)
    waitedMs += delayMs
  }
}

/** Responses while a new grant or provider is not yet in effect; an unreadable issuer does not become readable. */
const transientCodes: ReadonlySet<ErrorCode> = new Set([
  'PROVIDER_NOT_FOUND',
  'IMPERSONATION_DENIED',
  'AUDIENCE_REFUSED',
  'ISSUER_REFUSED',
  'SIGNATURE_INVALID',
  'CONDITION_REFUSED',
  'REGISTRY_DENIED',
  'EXCHANGE_UNAVAILABLE',
  'TRUST_UNVERIFIED',
])

async function tryOnce(trial: Verification, context: VendorContext): Promise<VerificationResult> {
  const { subject, registry } = trial
  const provider = await bindExchange(registry, context.vendors)
  let token: SubjectToken
  try {
    token = await trial.token(provider.audiences[0] ?? '', provider.subjectTokenLifeSeconds)
  } catch (error) {
    context.signal.throwIfAborted()
    return { ...subject, result: 'untried', fault: asFault(error) }
  }
  try {
    await readRepository({ trial, provider }, await provider.exchange(token, context), context)
    return { ...subject, result: 'works' }
  } catch (error) {
    context.signal.throwIfAborted()
    return { ...subject, result: 'fails', fault: asFault(error) }
  }
}

/** Requests an image that does not exist: only a reader gets "not found". */
async function readRepository(
  { trial, provider }: { readonly trial: Verification; readonly provider: BoundExchange },
  credential: RegistryCredential,
  context: VendorContext,
): Promise<void> {
  const host = hostOf(trial)
  const { username, password } = credential
  const { image } = trial
  const reference = { name: `${host}/${image}:none`, host, repository: image, tag: 'none', digest: undefined }
  const pull = await tryPull(reference, { username, password }, context)
  if (['pulls', 'public', 'absent', 'accepted'].includes(pull.outcome)) return
  if (pull.outcome === 'unreachable') throw pull.fault
  const refused = pull.outcome === 'refused' ? provider.registryRefusal(pull.message) : undefined
  const words = 'words' in pull ? pull.words : ''
  if (refused !== undefined) {
    const { code, expected, hint, command } = refused
    throw new PullpassError({ code, hop: 'trust', seen: `${host} responded with ${words}`, expected, hint, command })
  }
  throw new PullpassError({
    code: 'TRUST_UNVERIFIED',
    hop: 'trust',
    seen: `${host} does not let ${nameOf(trial)} read ${image}: ${words}`,
    expected: `the credential that was just minted to read ${trial.repository}`,
    hint: 'a new grant takes minutes to take effect: run it again; if it remains, check that the hosts of the registry are those of the repository',
    retryable: true,
  })
}

const nameOf = ({ subject: { registry, document, cluster } }: Verification) =>
  `registry ${registry} of ${document} in cluster ${cluster}`

const hostOf = ({ registry }: Verification): string => (registry.hosts[0] ?? registry.name).split('/', 1)[0] ?? ''
