/**
 * The token files of a refresh as projected volumes, and the tokens that it requests. A projected token has one audience.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
 */
import { posix } from 'node:path'
import {
  type Document,
  type DocumentRegistry,
  type NamespacedName,
  readsTokenFile,
  requestedAccount,
} from '../document/document.ts'
import { showValue } from '../document/show-value.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { tokenFilePath } from '../identity/token-file.ts'
import { bindExchange, type Vendors } from '../vendors/vendor.ts'

export interface ProjectedToken {
  readonly folder: string
  readonly file: string
  readonly audience: string
  readonly expirationSeconds: number
}

/** Other mounts of the Pod. */
export const apiFolder = '/var/run/secrets/kubernetes.io/serviceaccount'
export const documentFolder = '/etc/pullpass'
export const publishFolder = '/var/run/secrets/publish'
export const authoritiesFolder = '/etc/pullpass-ca'

/**
 * One per file. A kubelet renews a token after four fifths of its lifetime: the tokens of a controller live twice as long as an
 * exchange needs, so that also the last exchange of one returns a credential that lives for a while.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
 * @throws DOCUMENT_INVALID if a kubelet cannot write these files
 */
export function projectedTokensOf(
  registries: readonly BoundRegistry[],
  workload: 'CronJob' | 'controller' = 'CronJob',
): ProjectedToken[] {
  const readers = registries
    .filter(({ document, registry }) => readsTokenFile(document, registry))
    .map((bound) => ({ bound, path: bound.registry.tokenFile ?? tokenFilePath(undefined, {}) }))
  const tokens = [...Map.groupBy(readers, ({ path }) => path)].map(([path, group]) =>
    projectedToken(
      path,
      group.map(({ bound }) => bound),
    ),
  )
  refuseNestedFolders(tokens.map(({ folder }) => folder))
  if (workload === 'CronJob') return tokens
  return tokens.map((token) => ({ ...token, expirationSeconds: 2 * token.expirationSeconds }))
}

function projectedToken(path: string, readers: readonly BoundRegistry[]): ProjectedToken {
  const field = readers.find(({ registry }) => registry.tokenFileField !== undefined)
  if (field !== undefined) {
    throw refused(
      `${titleOf(field)} reads a field of the JSON file ${path}`,
      'a file that contains only the token, as kubelets write it',
      'create the credential file without --credential-source-type=json',
    )
  }
  if (!posix.isAbsolute(path)) throw relative(path)
  return {
    folder: posix.dirname(path),
    file: posix.basename(path),
    audience: commonAudience(path, readers),
    expirationSeconds: longestLifeSeconds(readers),
  }
}

/** The first reader's preferred audience among those that every reader's vendor accepts. */
function commonAudience(path: string, readers: readonly BoundRegistry[]): string {
  const [first, ...others] = readers
  const common = first?.audiences.find((audience) => others.every(({ audiences }) => audiences.includes(audience)))
  if (first !== undefined && common !== undefined) return common
  const incompatible = others.find(
    ({ audiences }) => !first?.audiences.some((audience) => audiences.includes(audience)),
  )
  const [one, other] = [first, incompatible ?? others[0]].map((bound) =>
    bound === undefined ? '' : `${titleOf(bound)} (audience ${bound.audiences[0]})`,
  )
  throw refused(
    `${one} and ${other} read the same token file ${path}`,
    'one audience per token file',
    'set another tokenFile for one of them, such as /var/run/secrets/tokens/other; or set serviceAccountRef, so that pullpass requests a token for each',
  )
}

/** A mount point cannot be created inside a read-only mount. */
function refuseNestedFolders(folders: readonly string[]): void {
  const taken = [apiFolder, documentFolder, publishFolder, authoritiesFolder]
  for (const folder of new Set(folders)) {
    const other = taken.find((one) => within(one, folder) || within(folder, one))
    if (other !== undefined) {
      throw refused(
        `a token file is in ${folder}, and ${other} is mounted too`,
        'folders that do not contain each other',
        'use a folder under /var/run/secrets/tokens/',
      )
    }
    taken.push(folder)
  }
}

const within = (inner: string, outer: string) => `${inner}/`.startsWith(outer === '/' ? '/' : `${outer}/`)

const titleOf = ({ document, registry }: BoundRegistry) => `registry ${registry.name} of ${document.source}`

/** The error for a relative path, which is another file in the Pod. */
export const relative = (path: string): PullpassError =>
  refused(
    `the path of token file ${showValue(path)} is relative`,
    'an absolute path in the Pod',
    `use a file under /var/run/secrets/tokens/`,
  )

const refused = (seen: string, expected: string, hint: string) =>
  new PullpassError({ code: 'DOCUMENT_INVALID', hop: 'document', seen, expected, hint })

/** The tokens that a refresh requests for one service account. */
export interface TokenRequests {
  readonly account: NamespacedName
  readonly audiences: readonly string[]
}

/** The shortest lifetime that the API server grants. https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
const shortestLifeSeconds = 600

/** One per service account. */
export function tokenRequestsOf(registries: readonly BoundRegistry[]): TokenRequests[] {
  const requested = registries.flatMap(({ document, registry, audiences }) => {
    const account = requestedAccount(document, registry)
    const [audience] = audiences
    return account === undefined || audience === undefined ? [] : [{ account, audience }]
  })
  const byAccount = Map.groupBy(requested, ({ account }) => `${account.namespace}/${account.name}`)
  return [...byAccount.values()].flatMap((requests) => {
    const [first] = requests
    const audiences = [...new Set(requests.map(({ audience }) => audience))]
    return first === undefined ? [] : [{ account: first.account, audiences }]
  })
}

/** The lifetime of one token for all these registries. */
export const longestLifeSeconds = (registries: readonly BoundRegistry[]): number =>
  Math.max(shortestLifeSeconds, ...registries.map(({ subjectTokenLifeSeconds }) => Math.ceil(subjectTokenLifeSeconds)))

/** A registry with its vendor's requirements for the subject token. */
export interface BoundRegistry {
  readonly document: Document
  readonly registry: DocumentRegistry
  /** Audiences that the vendor accepts; the first is requested. Empty: no subject token is used. */
  readonly audiences: readonly string[]
  readonly subjectTokenLifeSeconds: number
  readonly credentialLifeSeconds: number
}

/** In the documents' order. */
export async function bindRegistries(documents: readonly Document[], vendors: Vendors): Promise<BoundRegistry[]> {
  const pairs = documents.flatMap((document) => document.registries.map((registry) => ({ document, registry })))
  return Promise.all(
    pairs.map(async ({ document, registry }) => {
      const { audiences, subjectTokenLifeSeconds, credentialLifeSeconds } = await bindExchange(registry, vendors)
      return { document, registry, audiences, subjectTokenLifeSeconds, credentialLifeSeconds }
    }),
  )
}
