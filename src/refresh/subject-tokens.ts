/** The subject token for one registry of one document: from a file, or asked of the cluster. */
import { type Document, type DocumentRegistry, type NamespacedName, requestedAccount } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { checkAudience, checkLifetime } from '../identity/check-subject-token.ts'
import { decodeSubjectToken, type SubjectToken } from '../identity/subject-token.ts'
import { readTokenFile, tokenFilePath } from '../identity/token-file.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { requestToken } from '../kubernetes/objects/request-token.ts'
import { looksLikeSecret } from '../text/show.ts'
import type { Demand } from './exchange-requests.ts'

export interface TokenSource {
  /** `--token-file`. */
  readonly tokenFile: string | undefined
  readonly environment: Context['environment']
  readonly now: Context['now']
}

/** The file that a registry's token is read from; undefined where the cluster is asked for one. */
export function tokenFileOf(document: Document, registry: DocumentRegistry, source: TokenSource): string | undefined {
  if (requestedAccount(document, registry) !== undefined) return undefined
  return registry.tokenFile ?? tokenFilePath(source.tokenFile, source.environment)
}

/** Read anew for each exchange, since the kubelet renews it. @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, TOKEN_EXPIRED, AUDIENCE_MISMATCH */
export async function readSubjectToken(path: string, demand: Demand, source: TokenSource): Promise<SubjectToken> {
  const { registry, audiences } = demand
  if (looksLikeSecret(path)) throw tokenForPath
  const token = await readTokenFile(path, registry.tokenFileField)
  const fault =
    checkLifetime(token, path, source.now()) ??
    checkAudience(token, path, { audiences, host: registry.hosts[0] ?? registry.name })
  if (fault !== undefined) throw fault
  return token
}

const tokenForPath = new PullpassError({
  code: 'TOKEN_FILE_UNREADABLE',
  hop: 'subject-token',
  seen: 'what stands for the path of the token file looks like a credential, not shown',
  expected: 'the path of the file that holds it',
  hint: 'see PULLPASS_TOKEN_FILE, and tokenFile in the document',
})

/** Asks for the audience and the life that the exchange needs. @throws TOKEN_REQUEST_REFUSED and what a request throws */
export async function requestSubjectToken(
  account: NamespacedName,
  { audiences, subjectTokenLifeSeconds }: Demand,
  cluster: Cluster,
): Promise<SubjectToken> {
  const [audience] = audiences
  const { value } = await requestToken(cluster, account, { audience, lifeSeconds: subjectTokenLifeSeconds })
  return decodeSubjectToken(value, `the token of service account ${account.namespace}/${account.name}`)
}

// Looks at all that a run will use, before anything is sent: a wrong variable or token file is a wrong set-up.

/** @throws VARIABLE_INVALID, TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, TOKEN_EXPIRED, AUDIENCE_MISMATCH */
export async function checkSetUp(demands: readonly Demand[], source: TokenSource): Promise<void> {
  for (const { checkEnvironment } of demands) checkEnvironment(source.environment)
  await Promise.all(
    demands.map(async (demand) => {
      const file = tokenFileOf(demand.document, demand.registry, source)
      if (file !== undefined) await readSubjectToken(file, demand, source)
    }),
  )
}
