/** The subject token for one registry of one document: from a file, or asked of the cluster. */

import type { Document, DocumentRegistry } from '../document/document.ts'
import type { NamespacedName } from '../document/namespaced-name.ts'
import { requestedAccount } from '../document/requested-account.ts'
import { checkAudience } from '../identity/check-audience.ts'
import { checkLifetime } from '../identity/check-lifetime.ts'
import { decodeSubjectToken } from '../identity/decode-subject-token.ts'
import { readTokenFile } from '../identity/read-token-file.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import { tokenFilePath } from '../identity/token-file-path.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import { requestToken } from '../kubernetes/request-token.ts'
import { looksLikeSecret } from '../outside/looks-like-secret.ts'
import type { Outside } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { Demand } from './demand.ts'

export interface TokenSource {
  /** `--token-file`. */
  readonly tokenFile: string | undefined
  readonly environment: Outside['environment']
  readonly now: Outside['now']
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
