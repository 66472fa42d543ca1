/**
 * Verifies the grants: exchanges a real token and requests an image of the repository, as a kubelet does. A new grant takes a
 * minute or more to take effect everywhere, so a refusal is retried for some time.
 */

import type { RegistryCredential } from '../credential/registry-credential.ts'
import { type DocumentRegistry, type NamespacedName, requestedAccount } from '../document/document.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import { systemErrorCode } from '../host/read-file.ts'
import type { Environment } from '../http/context.ts'
import { retryDelayMs } from '../http/retry.ts'
import { accountOf } from '../identity/service-account.ts'
import { decodeSubjectToken, type SubjectToken } from '../identity/subject-token.ts'
import { readTokenFile, tokenFilePath } from '../identity/token-file.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { requestToken } from '../kubernetes/objects/request-token.ts'
import { tryPull } from '../registry/pull.ts'
import { inspectAccountCommand, inspectCommand, namingToken } from '../vendors/exchange-refusal.ts'
import type { TrustNeed } from '../vendors/trust/contract.ts'
import { type BoundExchange, bindExchange, type VendorContext } from '../vendors/vendor.ts'
import type { GatheredCluster } from './clusters.ts'
import { trustSetup } from './needs.ts'

/** What is verified. */
interface VerificationSubject {
  /** Name of the registry. */
  readonly registry: string
  /** `KIND/NAME`. */
  readonly document: string
  /** Name of the cluster. */
  readonly cluster: string
}

export interface Verification {
  readonly subject: VerificationSubject
  readonly registry: DocumentRegistry
  /** As the vendor names it, for messages. */
  readonly repository: string
  /** The path of an image in it that does not exist. */
  readonly image: string
  /** The command that shows the token. */
  readonly inspect: (token: SubjectToken) => string | undefined
  /** A token for the audience; rejects if none is available here, whatever the trust is. */
  readonly token: (audience: string, lifeSeconds: number) => Promise<SubjectToken>
}

/** Each registry of each document, with a token of each cluster. `flagsOf`: that select a cluster in printed commands. */
export async function listVerifications(
  needs: readonly TrustNeed[],
  clusters: readonly GatheredCluster[],
  { environment, vendors }: Pick<VendorContext, 'environment' | 'vendors'>,
  flagsOf: (cluster: string) => readonly string[],
): Promise<Verification[]> {
  return await Promise.all(
    needs.map(async ({ document, registry, cluster, subject, repository = '' }) => {
      const { repositories } = await trustSetup(registry.vendor, vendors)
      const connection = clusters.find((one) => one === cluster)?.connection
      const account = requestedAccount(document, registry)
      const flags = flagsOf(cluster.name)
      return {
        subject: { registry: registry.name, document: `${document.kind}/${document.name}`, cluster: cluster.name },
        registry,
        repository,
        image: repositories.imageIn(repository, 'pullpass-verification'),
        inspect: (token) => inspectCommand(token, document, account, flags) ?? inspectAccountCommand(token, flags),
        token: tokenOf({ account, subject, registry }, connection, environment),
      }
    }),
  )
}

/** Whose token is exchanged: `account` of the document, or of `subject` where the document reads a token file. */
interface TokenOwner {
  readonly account: NamespacedName | undefined
  readonly subject: string
  readonly registry: TrustNeed['registry']
}

/**
 * A token file exists only in a Pod, and is that of another account where --subject names one: then the cluster is requested for a
 * token of the account that was set up.
 */
function tokenOf(
  { account, subject, registry }: TokenOwner,
  connection: Cluster | undefined,
  environment: Environment,
): Verification['token'] {
  const readFile = () =>
    readTokenFile(registry.tokenFile ?? tokenFilePath(undefined, environment), registry.tokenFileField)
  return async (audience, lifeSeconds) => {
    if (connection === undefined) return await readFile()
    const inFile = account === undefined ? await readFile().catch(absentFile) : undefined
    if (inFile?.subject === subject) return inFile
    const owner = account ?? accountOf(subject)
    if (owner === undefined) return await readFile()
    const namedBy = account === undefined ? '--subject' : 'spec.serviceAccountRef'
    const { value } = await requestToken(connection, owner, { audience, lifeSeconds, namedBy })
    return decodeSubjectToken(value, `the token of service account ${owner.namespace}/${owner.name}`)
  }
}

/** A token is requested instead. Any other error, such as of permissions, is that of the set-up. */
function absentFile(error: unknown): undefined {
  const code = systemErrorCode(error instanceof PullpassError ? error.cause : undefined)
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
}

export type VerificationResult = VerificationSubject &
  (
    | { readonly result: 'ok' }
    | { readonly result: 'failed'; readonly fault: PullpassError }
    /** No token is available here. */
    | { readonly result: 'skipped'; readonly fault: PullpassError }
  )

export interface RetryUntil {
  /** The longest total wait. */
  readonly longestMs: number
  readonly onWait: (wait: VerificationWait) => void
}

export interface VerificationWait {
  /** What is verified, for messages. */
  readonly name: string
  readonly attempt: number
  /** Of the last attempt. */
  readonly fault: PullpassError
  /** Until the next attempt. */
  readonly delayMs: number
  /** Until the last attempt, at most. */
  readonly leftMs: number
}

/** If the run ends while it waits, the result is that of the last attempt; rejects only where there was none. */
export async function verifyTrust(
  verification: Verification,
  { longestMs, onWait }: RetryUntil,
  context: VendorContext,
): Promise<VerificationResult> {
  let last: PullpassError | undefined
  const remember = (wait: VerificationWait) => {
    last = wait.fault
    onWait(wait)
  }
  try {
    return await verifyRepeatedly(verification, { longestMs, onWait: remember }, context)
  } catch (error) {
    if (!context.signal.aborted || last === undefined) throw error
    return { ...verification.subject, result: 'failed', fault: last }
  }
}

async function verifyRepeatedly(
  verification: Verification,
  { longestMs, onWait }: RetryUntil,
  context: VendorContext,
): Promise<VerificationResult> {
  const startedMs = context.now().getTime()
  let waitedMs = 0
  for (let attempt = 1; ; attempt++) {
    context.signal.throwIfAborted()
    const outcome = await verifyOnce(verification, context)
    if (outcome.result !== 'failed') return outcome
    const delayMs = 2 * (retryDelayMs(attempt, context.random(), undefined, context.now()) ?? 0)
    const leftMs = longestMs - Math.max(waitedMs, context.now().getTime() - startedMs)
    if (!transientCodes.has(outcome.fault.code) || delayMs > leftMs) return outcome
    onWait({ name: nameOf(verification), attempt, fault: outcome.fault, delayMs, leftMs })
    await context.sleep(delayMs, context.signal)
    waitedMs += delayMs
  }
}

/** Responses while a new grant or resource is not yet in effect; an unreadable issuer does not become readable. */
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

async function verifyOnce(verification: Verification, context: VendorContext): Promise<VerificationResult> {
  const { subject, registry } = verification
  const exchange = await bindExchange(registry, context.vendors)
  let token: SubjectToken
  try {
    token = await verification.token(exchange.audiences[0] ?? '', exchange.subjectTokenLifeSeconds)
  } catch (error) {
    context.signal.throwIfAborted()
    return { ...subject, result: 'skipped', fault: asFault(error) }
  }
  try {
    const credential = await exchange.exchange(token, context).catch((error: unknown) => {
      throw namingToken(error, verification.inspect(token))
    })
    await readRepository({ verification, exchange }, credential, context)
    return { ...subject, result: 'ok' }
  } catch (error) {
    context.signal.throwIfAborted()
    return { ...subject, result: 'failed', fault: asFault(error) }
  }
}

/** Requests an image that does not exist: only a reader gets "not found". */
async function readRepository(
  { verification, exchange }: { readonly verification: Verification; readonly exchange: BoundExchange },
  credential: RegistryCredential,
  context: VendorContext,
): Promise<void> {
  const host = hostOf(verification)
  const { username, password } = credential
  const { image } = verification
  const reference = { name: `${host}/${image}:none`, host, repository: image, tag: 'none', digest: undefined }
  const pull = await tryPull(reference, { username, password }, context)
  if (['pulls', 'public', 'absent', 'accepted'].includes(pull.outcome)) return
  if (pull.outcome === 'unreachable') throw pull.fault
  const refused = pull.outcome === 'refused' ? exchange.registryRefusal(pull.message) : undefined
  const words = 'words' in pull ? pull.words : 'it serves HTTP, and no credential is sent without TLS'
  if (refused !== undefined) {
    const { code, expected, hint, command } = refused
    throw new PullpassError({ code, hop: 'trust', seen: `${host} responded with ${words}`, expected, hint, command })
  }
  if (pull.outcome === 'unavailable' || pull.outcome === 'throttled') {
    throw new PullpassError({
      code: 'TRUST_UNVERIFIED',
      hop: 'trust',
      seen: `${host} responded with ${words}: whether ${nameOf(verification)} may read ${image} is unknown`,
      expected: 'a response that accepts or refuses the credential that was just minted',
      hint: 'no action at the vendor: the resources are in place; run it again when the registry responds',
      retryable: true,
    })
  }
  throw new PullpassError({
    code: 'TRUST_UNVERIFIED',
    hop: 'trust',
    seen: `${host} does not let ${nameOf(verification)} read ${image}: ${words}`,
    expected: `the credential that was just minted to read ${verification.repository}`,
    hint: 'a new grant takes minutes to take effect: run it again; if it remains, check that the hosts of the registry are those of the repository',
    retryable: true,
  })
}

const nameOf = ({ subject: { registry, document, cluster } }: Verification) =>
  `registry ${registry} of ${document} in cluster ${cluster}`

const hostOf = ({ registry }: Verification): string => (registry.hosts[0] ?? registry.name).split('/', 1)[0] ?? ''
