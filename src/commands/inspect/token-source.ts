/** The tokens to inspect, each with the registries that will take it or refuse it: read, or requested as refresh would. */
import type { Document, NamespacedName } from '../../document/document.ts'
import type { AcceptedAudiences, TokenToCheck } from '../../identity/check-subject-token.ts'
import { decodeSubjectToken } from '../../identity/subject-token.ts'
import { parseTokenText, readTokenFile, tokenFilePath } from '../../identity/token-file.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { requestToken } from '../../kubernetes/objects/request-token.ts'
import { Redacted } from '../../text/redacted.ts'
import { bindExchange, type Vendors } from '../../vendors/vendor.ts'
import type { Call } from '../command.ts'
import type { clusterFlags } from '../flags.ts'
import type { TokenTarget } from './target.ts'

type TokenCall = Call<typeof clusterFlags>

/** Nobody takes it: an inspected token is good for nothing else. */
const nobody = 'pullpass.dev/inspect'
/** Seconds; the least that the API server grants. */
const shortestLife = 600

/** @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, TOKEN_REQUEST_REFUSED */
export async function obtainTokens(
  target: TokenTarget,
  registries: readonly AcceptingRegistry[],
  call: TokenCall,
): Promise<TokenToCheck[]> {
  if (target.kind === 'serviceaccount') {
    const audiences = audiencesOf(target, registries)
    return await withCluster(call, (cluster) => requestTokens(cluster, target.account, audiences, registries))
  }
  if (target.path === undefined && registries.length > 0) return await followDocuments(registries, call)
  return [await readToken(target.path, registries, call)]
}

/** Where no token is named, the documents say which they take: of an account, of a file of their own, of the usual one. */
async function followDocuments(registries: readonly AcceptingRegistry[], call: TokenCall): Promise<TokenToCheck[]> {
  const files = Map.groupBy(
    registries.filter(({ account }) => account === undefined),
    ({ tokenFile }) => tokenFile,
  )
  const read = await Promise.all([...files].map(([file, asking]) => readToken(file, asking, call)))
  const accounts = Map.groupBy(
    registries.filter(({ account }) => account !== undefined),
    ({ account }) => `${account?.namespace}/${account?.name}`,
  )
  if (accounts.size === 0) return read
  const requested = await withCluster(call, (cluster) =>
    Promise.all([...accounts.values()].map((asking) => requestForDocuments(cluster, asking))),
  )
  return [...read, ...requested.flat()]
}

async function requestForDocuments(cluster: Cluster, asking: readonly AcceptingRegistry[]): Promise<TokenToCheck[]> {
  const account = asking[0]?.account
  return account === undefined ? [] : await requestTokens(cluster, account, audiencesToRequest(asking), asking)
}

async function readToken(
  path: string | undefined,
  registries: readonly AcceptingRegistry[],
  { context, terminal }: TokenCall,
): Promise<TokenToCheck> {
  if (path === '-') {
    const where = 'standard input'
    return { token: parseTokenText(new Redacted(await terminal.readInput()), where), where, accepted: registries }
  }
  const where = tokenFilePath(path, context.environment)
  // A registry with a token file of its own is not asked about another file.
  const accepted = registries.filter(({ tokenFile = where }) => tokenFile === where)
  const field = accepted.find(({ tokenFileField }) => tokenFileField !== undefined)?.tokenFileField
  return { token: await readTokenFile(where, field), where, accepted }
}

function audiencesOf(
  { audience }: Extract<TokenTarget, { kind: 'serviceaccount' }>,
  registries: readonly AcceptingRegistry[],
): readonly string[] {
  if (audience !== undefined) return [audience]
  return registries.length === 0 ? [nobody] : audiencesToRequest(registries)
}

async function withCluster<Result>(
  { flags, context }: TokenCall,
  ask: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const cluster = await connect(flags, context)
  try {
    return await ask(cluster)
  } finally {
    await cluster.close()
  }
}

/** A token for each audience, judged by the registries that ask for it; a chosen audience is judged by all. */
async function requestTokens(
  cluster: Cluster,
  account: NamespacedName,
  audiences: readonly string[],
  registries: readonly AcceptingRegistry[],
): Promise<TokenToCheck[]> {
  const where = `the token of service account ${account.namespace}/${account.name}`
  return await Promise.all(
    audiences.map(async (audience) => {
      const { value } = await requestToken(cluster, account, { audience, lifeSeconds: shortestLife })
      const asking =
        audiences.length === 1 ? registries : registries.filter(({ audiences: [first] }) => first === audience)
      return { token: decodeSubjectToken(value, where), where, accepted: asking }
    }),
  )
}

/** The registries of documents, as those who will take a subject token or refuse it. */
export interface AcceptingRegistry extends AcceptedAudiences {
  /** The first is the one to ask for. */
  readonly audiences: readonly [string, ...string[]]
  readonly tokenFile?: string
  readonly tokenFileField?: string
  /** Whose token it takes, by its document's serviceAccountRef; absent: the token of a file. */
  readonly account?: NamespacedName
}

export async function listAcceptingRegistries(
  documents: readonly Document[],
  vendors: Vendors,
): Promise<AcceptingRegistry[]> {
  return await Promise.all(
    documents
      .flatMap(({ registries, serviceAccountRef }) => registries.map((registry) => ({ registry, serviceAccountRef })))
      .map(async ({ registry, serviceAccountRef }) => {
        const { audiences, checkSubject } = await bindExchange(registry, vendors)
        const { tokenFile, tokenFileField } = registry
        return {
          audiences,
          checkSubject,
          host: registry.hosts[0] ?? registry.name,
          ...(tokenFile !== undefined && { tokenFile }),
          ...(tokenFileField !== undefined && { tokenFileField }),
          ...(tokenFile === undefined && serviceAccountRef !== undefined && { account: serviceAccountRef }),
        }
      }),
  )
}

/** Each audience once, in the registries' order. */
function audiencesToRequest(registries: readonly AcceptingRegistry[]): string[] {
  return [...new Set(registries.map(({ audiences: [first] }) => first))]
}
