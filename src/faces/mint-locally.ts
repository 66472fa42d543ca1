/** Registry credentials on a machine or in a CI job: the documents' exchanges, without Secrets and namespaces. */

import type { RegistryCredential } from '../credential/registry-credential.ts'
import type { Document, DocumentRegistry } from '../document/document.ts'
import { asFault, PullpassError, withFix } from '../errors/pullpass-error.ts'
import { checkAudience, checkLifetime } from '../identity/check-subject-token.ts'
import { hasLocalToken, type LocatedToken, readLocalToken } from '../identity/local-token.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type ExchangeRequest, listExchangeRequests, mintFingerprint } from '../refresh/exchange-requests.ts'
import { type SharedTokenRequests, shareTokenRequests } from '../refresh/subject-tokens.ts'
import { parseImageReference } from '../registry/image-reference.ts'
import { compareKey, matchImage } from '../registry/match-credentials.ts'
import type { VendorContext } from '../vendors/vendor.ts'

/** A registry of a document. */
export interface LocalRegistry {
  readonly document: Document
  readonly registry: DocumentRegistry
}

export interface LocalSource {
  /** `--token-file`. */
  readonly tokenFile: string | undefined
  /** Called at most once, where a document requests tokens from the cluster or reads a Secret; it is closed at the end. */
  readonly connect: () => Promise<Cluster>
}

/**
 * `server`: only those that serve it, in the order in which a kubelet tries their hosts; a host, or an image. Absent: all, in the
 * documents' order.
 */
export function registriesOf(documents: readonly Document[], server?: string): LocalRegistry[] {
  const all = documents.flatMap((document) => document.registries.map((registry) => ({ document, registry })))
  if (server === undefined) return all
  const isHost = !server.includes('/')
  const image = parseImageReference(isHost ? `${server}/any` : server)
  if (image === undefined) return []
  const keys = [...new Set(all.flatMap(({ registry }) => registry.hosts))]
  // A host without a path selects each registry on it.
  const onHost = isHost ? keys.filter((key) => compareKey(key, image) === 'other path') : []
  const ordered = [...matchImage(keys, image), ...onHost]
  return [...new Set(ordered.flatMap((key) => all.filter(({ registry }) => registry.hosts.includes(key))))]
}

/** For each registry its credential, or why there is none; one exchange for each identity. */
export async function mintLocally(
  registries: readonly LocalRegistry[],
  source: LocalSource,
  context: VendorContext,
): Promise<(RegistryCredential | PullpassError)[]> {
  const documents = [...new Set(registries.map(({ document }) => document))]
  const requests = new Map(
    (await listExchangeRequests(documents, context.vendors)).map((request) => [request.mintedFrom, request]),
  )
  const sources = openSources(source)
  const minted = new Map<string, Promise<RegistryCredential | PullpassError>>()
  try {
    return await Promise.all(
      registries.map(async ({ document, registry }) => {
        const key = mintFingerprint(document, registry)
        const request = requests.get(key)
        if (request === undefined) throw new TypeError(`registry ${registry.name} has no exchange`)
        const credential = minted.get(key) ?? mint(request, sources, context).catch(asFault)
        minted.set(key, credential)
        const result = await credential
        return result instanceof PullpassError ? result : { ...result, hosts: registry.hosts }
      }),
    )
  } finally {
    await sources.close()
  }
}

interface Sources extends LocalSource {
  /** Over one connection; exchanges that differ only in their settings share a token. */
  readonly requestToken: SharedTokenRequests
  readonly close: () => Promise<void>
}

function openSources({ tokenFile, connect }: LocalSource): Sources {
  let cluster: Promise<Cluster> | undefined
  let shared: SharedTokenRequests | undefined
  const connectOnce = async () => {
    cluster ??= connect()
    return await cluster
  }
  return {
    tokenFile,
    connect: connectOnce,
    async requestToken(request) {
      const connected = await connectOnce()
      shared ??= shareTokenRequests(connected)
      return await shared(request)
    },
    async close() {
      const connected = await cluster?.catch(() => undefined) // why it failed is each result
      await connected?.close()
    },
  }
}

async function mint(request: ExchangeRequest, source: Sources, context: VendorContext): Promise<RegistryCredential> {
  const { registry } = request
  request.checkEnvironment(context.environment)
  const readSecret = async (secret: { readonly namespace: string; readonly name: string }) => {
    const { readSourceSecret } = await import('../kubernetes/objects/source-secret.ts')
    return await readSourceSecret(await source.connect(), secret)
  }
  const token = registry.subjectToken === 'unused' ? undefined : await obtainToken(request, source, context)
  const credential = await request.exchange(token, { ...context, readSecret })
  context.secrets.add(credential.password)
  return credential
}

async function obtainToken(request: ExchangeRequest, source: Sources, context: VendorContext) {
  const { document, registry, audiences } = request
  const isLocal =
    registry.tokenFile !== undefined || source.tokenFile !== undefined || hasLocalToken(context.environment)
  if (document.serviceAccountRef !== undefined && !isLocal) {
    return await source.requestToken(request)
  }
  const { token, where }: LocatedToken = await readLocalToken(
    {
      tokenFile: registry.tokenFile ?? source.tokenFile,
      tokenFileField: registry.tokenFileField,
      audience: audiences[0] ?? '',
    },
    context,
  )
  const fault =
    checkLifetime(token, where, context.now()) ??
    checkAudience(token, where, { audiences, host: registry.hosts[0] ?? registry.name })
  if (fault !== undefined) throw document.serviceAccountRef === undefined ? fault : insteadOfRequested(fault, where)
  return token
}

/** The document would have one requested, if nothing named another token. */
const insteadOfRequested = (fault: PullpassError, where: string): PullpassError =>
  withFix(fault, {
    hint: `the token of ${where} is used before that of spec.serviceAccountRef: name none by a flag, a variable or tokenFile, or one that is accepted`,
  })
