/** The subject token for one registry of one document: from a file, or requested from the cluster. */
import {
  type Document,
  type DocumentIssuer,
  type DocumentRegistry,
  type NamespacedName,
  readsTokenFile,
} from '../document/document.ts'
import type { Context } from '../http/context.ts'
import { checkAudience, checkLifetime } from '../identity/check-subject-token.ts'
import { decodeSubjectToken, type SubjectToken } from '../identity/subject-token.ts'
import { readTokenFile, tokenFilePath } from '../identity/token-file.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { requestToken, withNewConnection } from '../kubernetes/objects/request-token.ts'
import type { ExchangeRequest } from './exchange-requests.ts'

export interface TokenSource {
  /** `--token-file`. */
  readonly tokenFile: string | undefined
  readonly environment: Context['environment']
  readonly now: Context['now']
}

/** The file that a registry's token is read from; undefined if it is requested from the cluster, or no token is used. */
export function tokenFileOf(document: Document, registry: DocumentRegistry, source: TokenSource): string | undefined {
  if (!readsTokenFile(document, registry)) return undefined
  return registry.tokenFile ?? tokenFilePath(source.tokenFile, source.environment)
}

/** @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, TOKEN_EXPIRED, AUDIENCE_MISMATCH */
export async function readSubjectToken(
  path: string,
  exchangeRequest: ExchangeRequest,
  source: TokenSource,
  readFile: typeof readTokenFile = readTokenFile,
): Promise<SubjectToken> {
  const { registry, audiences } = exchangeRequest
  const token = await readFile(path, registry.tokenFileField)
  const fault =
    checkLifetime(token, path, source.now()) ??
    checkAudience(token, path, { audiences, host: registry.hosts[0] ?? registry.name })
  if (fault !== undefined) throw fault
  return token
}

/** Of one pass: a file is read once, so that exchanges of one token can share what they get for it. The kubelet renews files. */
export function shareTokenFiles(): typeof readTokenFile {
  const read = new Map<string, Promise<SubjectToken>>()
  return (path, field) => {
    const key = JSON.stringify([path, field])
    const token = read.get(key) ?? readTokenFile(path, field)
    read.set(key, token)
    return token
  }
}

/** With the audience and the lifetime that the exchange needs. @throws TOKEN_REQUEST_REFUSED and what a request throws */
async function requestSubjectToken(
  account: NamespacedName,
  { document, audiences, subjectTokenLifeSeconds: lifeSeconds }: ExchangeRequest,
  cluster: Cluster,
): Promise<SubjectToken> {
  const field = document.kind === 'PullSecret' ? 'spec.serviceAccountName' : 'spec.serviceAccountRef'
  const namedBy = account === document.serviceAccountRef ? field : '--service-account'
  const { value } = await requestToken(cluster, account, { audience: firstOf(audiences), lifeSeconds, namedBy })
  return decodeSubjectToken(value, `the token of service account ${account.namespace}/${account.name}`)
}

function firstOf([audience]: readonly string[]): string {
  if (audience === undefined) throw new TypeError('a token is requested for a registry that uses none')
  return audience
}

export type SharedTokenRequests = (exchangeRequest: ExchangeRequest, account?: NamespacedName) => Promise<SubjectToken>

/** Exchange requests that differ only in their settings share one token. `account`: instead of that of the document. */
export function shareTokenRequests(cluster: Cluster): SharedTokenRequests {
  const requested = new Map<string, Promise<SubjectToken>>()
  return (exchangeRequest, account = exchangeRequest.document.serviceAccountRef) => {
    if (account === undefined) throw new TypeError('an exchange request without a token file has a service account')
    const key = JSON.stringify([account, exchangeRequest.audiences[0], exchangeRequest.subjectTokenLifeSeconds])
    const token = requested.get(key) ?? requestSubjectToken(account, exchangeRequest, cluster)
    requested.set(key, token)
    return token
  }
}

/** What a publication gate needs to know of a token in addition to its claims. */
export interface GatedToken {
  /** Where the document states that its issuer metadata is published. */
  readonly issuer: DocumentIssuer
  /** Where the token was read; undefined if it was requested from the cluster. */
  readonly tokenFile: string | undefined
  /** Requests another one over a new connection: behind a load balancer perhaps from another API server. */
  readonly requestAgain: (() => Promise<SubjectToken>) | undefined
}

/** Undefined if the document does not state where its issuer metadata is published. */
export function gatedToken(
  exchangeRequest: ExchangeRequest,
  tokenFile: string | undefined,
  cluster: Cluster,
): GatedToken | undefined {
  const { issuer, serviceAccountRef: account } = exchangeRequest.document
  if (issuer === undefined) return undefined
  const canRequest = tokenFile === undefined && account !== undefined
  return {
    issuer,
    tokenFile,
    requestAgain: canRequest
      ? async () =>
          await withNewConnection(cluster, async (other) => await requestSubjectToken(account, exchangeRequest, other))
      : undefined,
  }
}

// Checks everything that a run will use before anything is sent: an invalid variable or token file is an invalid configuration.

/** @throws VARIABLE_INVALID, TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, TOKEN_EXPIRED, AUDIENCE_MISMATCH */
export async function checkSetUp(exchangeRequests: readonly ExchangeRequest[], source: TokenSource): Promise<void> {
  for (const { checkEnvironment } of exchangeRequests) checkEnvironment(source.environment)
  await Promise.all(
    exchangeRequests.map(async (exchangeRequest) => {
      const file = tokenFileOf(exchangeRequest.document, exchangeRequest.registry, source)
      if (file !== undefined) await readSubjectToken(file, exchangeRequest, source)
    }),
  )
}
