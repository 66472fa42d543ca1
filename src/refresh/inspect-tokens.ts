/** The tokens of `pullpass inspect`, read or requested as refresh does, each with the registries that are to accept it. */
import type { Document, NamespacedName } from '../document/document.ts'
import type { Environment } from '../http/context.ts'
import type { AcceptedAudiences, TokenToCheck } from '../identity/check-subject-token.ts'
import { decodeSubjectToken } from '../identity/subject-token.ts'
import { parseTokenText, readTokenFile, tokenFilePath } from '../identity/token-file.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { requestToken } from '../kubernetes/objects/request-token.ts'
import { Redacted } from '../text/redacted.ts'
import { bindExchange, type Vendors } from '../vendors/vendor.ts'

/** The token to inspect; a path of `-` is standard input, none is the token of the documents or the default file. */
export type TokenTarget =
  | { readonly kind: 'file'; readonly path: string | undefined }
  | { readonly kind: 'serviceaccount'; readonly account: NamespacedName; readonly audience: string | undefined }

/** Where tokens are read or requested. */
export interface TokenInputs {
  readonly environment: Environment
  readonly readInput: () => Promise<string>
  /** Called only if a token is requested. */
  readonly connect: () => Promise<Cluster>
}

/** An audience that no API accepts: a token that is only inspected cannot be used. */
const unusedAudience = 'pullpass.dev/inspect'
/** The shortest lifetime that API servers grant. */
const lifeSeconds = 600

/** @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, TOKEN_REQUEST_REFUSED */
export async function obtainTokens(
  target: TokenTarget,
  registries: readonly AcceptingRegistry[],
  inputs: TokenInputs,
): Promise<TokenToCheck[]> {
  if (target.kind === 'serviceaccount') {
    const audiences = audiencesOf(target, registries)
    return await withCluster(inputs, (cluster) => requestTokens(cluster, target.account, audiences, registries))
  }
  if (target.path === undefined && registries.length > 0) return await followDocuments(registries, inputs)
  return [await readToken(target.path, registries, inputs)]
}

/** Without a target: the tokens of the documents, of their accounts, their token files, or the default file. */
async function followDocuments(registries: readonly AcceptingRegistry[], inputs: TokenInputs): Promise<TokenToCheck[]> {
  const files = Map.groupBy(
    registries.filter(({ account }) => account === undefined),
    ({ tokenFile }) => tokenFile,
  )
  const read = await Promise.all([...files].map(([file, accepting]) => readToken(file, accepting, inputs)))
  const accounts = Map.groupBy(
    registries.filter(({ account }) => account !== undefined),
    ({ account }) => `${account?.namespace}/${account?.name}`,
  )
  if (accounts.size === 0) return read
  const requested = await withCluster(inputs, (cluster) =>
    Promise.all([...accounts.values()].map((accepting) => requestForDocuments(cluster, accepting))),
  )
  return [...read, ...requested.flat()]
}

async function requestForDocuments(cluster: Cluster, accepting: readonly AcceptingRegistry[]): Promise<TokenToCheck[]> {
  const account = accepting[0]?.account
  return account === undefined ? [] : await requestTokens(cluster, account, audiencesToRequest(accepting), accepting)
}

async function readToken(
  path: string | undefined,
  registries: readonly AcceptingRegistry[],
  { environment, readInput }: TokenInputs,
): Promise<TokenToCheck> {
  if (path === '-') {
    const where = 'standard input'
    return { token: parseTokenText(new Redacted(await readInput()), where), where, accepted: registries }
  }
  const where = tokenFilePath(path, environment)
  // A registry with its own token file does not receive another one.
  const accepted = registries.filter(({ tokenFile = where }) => tokenFile === where)
  const field = accepted.find(({ tokenFileField }) => tokenFileField !== undefined)?.tokenFileField
  return { token: await readTokenFile(where, field), where, accepted }
}

function audiencesOf(
  { audience }: Extract<TokenTarget, { kind: 'serviceaccount' }>,
  registries: readonly AcceptingRegistry[],
): readonly string[] {
  if (audience !== undefined) return [audience]
  return registries.length === 0 ? [unusedAudience] : audiencesToRequest(registries)
}

async function withCluster<Result>(
  { connect }: TokenInputs,
  request: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const cluster = await connect()
  try {
    return await request(cluster)
  } finally {
    await cluster.close()
  }
}

/** One token per audience, for the registries that require it; a given audience is for all. */
async function requestTokens(
  cluster: Cluster,
  account: NamespacedName,
  audiences: readonly string[],
  registries: readonly AcceptingRegistry[],
): Promise<TokenToCheck[]> {
  const where = `the token of service account ${account.namespace}/${account.name}`
  return await Promise.all(
    audiences.map(async (audience) => {
      const { value } = await requestToken(cluster, account, { audience, lifeSeconds, namedBy: 'the command' })
      const accepting =
        audiences.length === 1 ? registries : registries.filter(({ audiences: [first] }) => first === audience)
      return { token: decodeSubjectToken(value, where), where, accepted: accepting }
    }),
  )
}

/** A registry of a document, and the tokens that it accepts. */
export interface AcceptingRegistry extends AcceptedAudiences {
  /** The first one is requested. */
  readonly audiences: readonly string[]
  readonly tokenFile?: string
  readonly tokenFileField?: string
  /** The serviceAccountRef of its document; absent: a token file. */
  readonly account?: NamespacedName
}

export async function listAcceptingRegistries(
  documents: readonly Document[],
  vendors: Vendors,
): Promise<AcceptingRegistry[]> {
  return await Promise.all(
    documents
      .flatMap(({ registries, serviceAccountRef }) =>
        registries
          .filter(({ subjectToken }) => subjectToken !== 'unused')
          .map((registry) => ({ registry, serviceAccountRef })),
      )
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

/** Each audience once, in the order of the registries. */
function audiencesToRequest(registries: readonly AcceptingRegistry[]): string[] {
  return [...new Set(registries.flatMap(({ audiences: [first] }) => first ?? []))]
}
