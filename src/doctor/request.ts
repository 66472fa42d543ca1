/** What doctor checks, with what, and how messages name it. */
import { type Document, documentName, type NamespacedName } from '../document/document.ts'
import { environmentSource } from '../document/load-documents.ts'
import type { PullpassError } from '../errors/pullpass-error.ts'
import type { IssuerVerifier } from '../oidc/evaluate/issuer-requirements.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import type { Job } from '../refresh/plan.ts'
import type { TokenSource } from '../refresh/subject-tokens.ts'
import type { ImageReference } from '../registry/image-reference.ts'
import type { PrintedCommands } from './printed-commands.ts'

export interface Image {
  /** As it was written. */
  readonly name: string
  readonly reference: ImageReference
}

export interface Refresher extends NamespacedName {
  /** `guessed`: it is whose token is requested, and another may refresh. */
  readonly known: 'named' | 'guessed'
}

export interface DoctorRequest {
  readonly documents: readonly Document[]
  /** The vendors that verify the tokens of these documents: their issuer must meet their requirements. */
  readonly verifiers: readonly IssuerVerifier[]
  /** If set, only this namespace is checked. */
  readonly namespace: string | undefined
  readonly pod: NamespacedName | undefined
  readonly image: Image | undefined
  /** host[:port] of registries that the nodes reach by plain HTTP. */
  readonly plainHttp: readonly string[]
  /** Whose token is requested in place of one that a file would hold. */
  readonly serviceAccount: NamespacedName | undefined
  /** The account that refreshes, if it is known: its permissions are checked. undefined: those of this user. */
  readonly refresher: Refresher | undefined
  /** `here`: in the pod that refreshes, or as it would be; a laptop has no projected tokens. */
  readonly tokenFiles: 'here' | 'elsewhere'
  /** The certificate authorities that this run trusts: a cloud may not trust the others. */
  readonly authorities: 'public ones' | 'others too'
  readonly source: TokenSource
  /** Why a run of refresh refuses the documents, which only a controller honours. */
  readonly refused: PullpassError | undefined
  readonly commands: PrintedCommands
}

/** A registry of a document, as doctor's table names it: `registry of ClusterPullSecret/pull`. */
export const nameRegistry = ({ document, registry }: Pick<ExchangeRequest, 'document' | 'registry'>): string =>
  `${registry.name} of ${documentName(document)}`

/** The fields of a document, or the variables that it was constructed from. */
const variables = {
  secretName: 'REGISTRY_SECRET_NAME',
  'namespaces.include': 'REGISTRY_SECRET_NAMESPACES',
  'registries.hosts': 'REGISTRY_HOSTS',
} as const

export const fieldName = ({ source }: Pick<Document, 'source'>, field: keyof typeof variables): string =>
  source === environmentSource ? variables[field] : `spec.${field}`

/** `the document`, or `the variables`. */
export const formName = ({ source }: Pick<Document, 'source'>): string =>
  source === environmentSource ? 'the variables' : 'the document'

/** Names of the Secrets that documents write into a namespace. */
export const secretNamesIn = (namespace: string, jobs: readonly Job[]): string[] =>
  jobs.filter((job) => job.namespaces.includes(namespace)).map(({ document }) => document.secretName)
