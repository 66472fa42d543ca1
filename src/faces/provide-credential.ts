/**
 * One request of a kubelet: registry by image and annotation, token, cache or exchange, response.
 * https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/
 */
import type { DocumentRegistry } from '../document/document.ts'
import { type NodeConfig, registryAnnotation } from '../document/node-config.ts'
import { PullpassError, withFix } from '../errors/pullpass-error.ts'
import { checkAudience, checkLifetime } from '../identity/check-subject-token.ts'
import type { LocatedToken } from '../identity/local-token.ts'
import { decodeSubjectToken, type SubjectToken } from '../identity/subject-token.ts'
import type { Redacted } from '../text/redacted.ts'
import { inspectAccountCommand, inspectCommand, namingToken } from '../vendors/exchange-refusal.ts'
import { type BoundExchange, bindExchange, type VendorContext } from '../vendors/vendor.ts'
import { type CachedCredential, cachedCredential } from './credential-cache.ts'
import type { CredentialProviderRequest, ProvidedCredential } from './kubelet-api.ts'
import { cacheKeyTypeOf, selectRegistry } from './select-registry.ts'

/** `none`: another provider of the node has the credential. @throws REGISTRY_NOT_CONFIGURED, TOKEN_MISSING, TOKEN_MALFORMED, TOKEN_EXPIRED, AUDIENCE_MISMATCH, and what the exchange throws */
export async function provideCredential(
  request: CredentialProviderRequest,
  { registries, others, cacheFolder }: NodeConfig,
  context: VendorContext,
): Promise<ProvidedCredential | 'none'> {
  const selected = request.serviceAccountAnnotations[registryAnnotation]
  const selection = selectRegistry({ registries, others }, request.image, selected)
  if (selection === 'elsewhere') return 'none'
  const { registry, image } = selection
  const cacheKeyType = cacheKeyTypeOf(registries, image)
  if (registry.subjectToken === 'unused') {
    const { credential } = await mint(registry, undefined, context)
    return { credential, cacheKeyType, cacheSeconds: storedSeconds }
  }
  const { token, where } = await readToken(request, registry)
  const fault = checkLifetime(token, where, context.now())
  if (fault !== undefined) throw fault
  // An account that was deleted and created again has another uid. An entry exists only for a token that was checked.
  const identity = [token.issuer, token.subject, token.accountUid, token.audiences, registry]
  const { credential, usableUntil } = await cachedCredential(cacheFolder, identity, context, () =>
    mint(registry, { token, where }, context),
  )
  const cacheSeconds = Math.floor((usableUntil.getTime() - context.now().getTime()) / 1000)
  return { credential, cacheKeyType, cacheSeconds: Math.max(0, cacheSeconds) }
}

/** How long a kubelet keeps a credential that is only read from a file: it can be replaced at any time. */
const storedSeconds = 300

/** The ServiceAccount's, from the request; else the node's own, where the configuration names its file. */
async function readToken(
  { serviceAccountToken }: CredentialProviderRequest,
  { name, tokenFile, tokenFileField }: DocumentRegistry,
): Promise<LocatedToken> {
  if (serviceAccountToken !== undefined) {
    return { token: decodeToken(serviceAccountToken), where: "the pod's service account token" }
  }
  if (tokenFile !== undefined) {
    const { readTokenFile } = await import('../identity/token-file.ts')
    return { token: await readTokenFile(tokenFile, tokenFileField), where: tokenFile }
  }
  throw new PullpassError({
    code: 'TOKEN_MISSING',
    hop: 'subject-token',
    seen: 'the request of the kubelet contains no service account token',
    expected: `a token, for registry ${name}`,
    hint: 'set tokenAttributes in the CredentialProviderConfig (Kubernetes 1.34 or newer), or tokenFile of the registry in the document',
  })
}

/** The kubelet requested it: neither a document nor a projected token of the pod is the fix. @throws TOKEN_MALFORMED */
function decodeToken(value: Redacted): SubjectToken {
  try {
    return decodeSubjectToken(value, "serviceAccountToken in the kubelet's request")
  } catch (fault) {
    if (!(fault instanceof PullpassError)) throw fault
    const hint =
      'check tokenAttributes in the CredentialProviderConfig, and that nothing between the kubelet and this plugin changes the request'
    throw withFix(fault, { hint })
  }
}

async function mint(
  registry: DocumentRegistry,
  located: LocatedToken | undefined,
  context: VendorContext,
): Promise<CachedCredential> {
  const exchange = await bindExchange(registry, context.vendors)
  exchange.checkEnvironment(context.environment)
  const fault = located && checkForVendor(located, exchange, registry)
  if (fault !== undefined) throw fault
  context.signal.throwIfAborted()
  const sentAt = context.now()
  const credential = await exchange.exchange(located?.token, context).catch((error: unknown) => {
    throw namingToken(error, located && inspectNodeToken(located.token))
  })
  context.secrets.add(credential.password)
  // A token that is itself the password is bound to its pod, and is not valid after it.
  const isToken = located?.token.value.equals(credential.password) === true
  const { expiresAt = sentAt } = credential
  return { credential, usableUntil: isToken ? sentAt : usableUntil(sentAt, expiresAt) }
}

/** Of a file on the node, or of the pod's ServiceAccount, with whose cluster the command has to be run. */
const inspectNodeToken = (token: SubjectToken) =>
  token.file === undefined ? inspectAccountCommand(token) : inspectCommand(token, { source: '' }, undefined)

const checkForVendor = ({ token, where }: LocatedToken, exchange: BoundExchange, registry: DocumentRegistry) =>
  checkAudience(token, where, { audiences: exchange.audiences, host: registry.hosts[0] ?? registry.name }) ??
  exchange.checkSubject(token.subject, where)

const longestMarginMs = 300_000

/** A pull that starts with the credential must also end with it: five minutes before the expiry, a quarter of a short life. */
const usableUntil = (mintedAt: Date, expiresAt: Date): Date =>
  new Date(expiresAt.getTime() - Math.min(longestMarginMs, (expiresAt.getTime() - mintedAt.getTime()) / 4))
