/** A document, validated and with its defaults: the same from a file, a custom resource or the environment. */

export interface Document {
  readonly kind: 'ClusterPullSecret' | 'PullSecret'
  readonly name: string
  /** The namespace of a PullSecret, the only one to which it writes. */
  readonly namespace?: string
  /** Of the custom resource, for Events about it; absent: it is cluster-scoped, or in a file. */
  readonly uid?: string
  /** Its source for messages: `pull.yaml:12` (file and line), `-:1` (standard input), `the environment`. */
  readonly source: string
  readonly secretName: string
  readonly namespaces: NamespaceChoice
  readonly registries: readonly DocumentRegistry[]
  readonly serviceAccountRef?: NamespacedName
  readonly issuer?: DocumentIssuer
  readonly attachToServiceAccounts: readonly string[]
  readonly stuckPods: 'Ignore' | 'Evict'
  readonly conflictPolicy: 'Refuse' | 'Adopt'
  readonly deletionPolicy: 'Retain' | 'Delete'
  /** The custom resource that owns its Secrets, so that they are deleted with it; absent: they stay. */
  readonly owner?: ObjectOwner
}

/** `source` of a document from a custom resource. */
export const resourceSource = 'the custom resource'

/** The namespace of a PullSecret that a tenant wrote; undefined: an operator of the cluster wrote the document. */
export const tenantOf = ({
  kind,
  namespace,
  source,
}: Pick<Document, 'kind' | 'namespace' | 'source'>): string | undefined =>
  kind === 'PullSecret' && source === resourceSource ? namespace : undefined

/** A document's name in output and annotations: `ClusterPullSecret/NAME`, `PullSecret/NAMESPACE/NAME`. */
export function documentName({ kind, namespace, name }: Pick<Document, 'kind' | 'namespace' | 'name'>): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}

/** Whether this is such a name of a PullSecret. */
export const isOfTenants = (document: string): boolean => document.startsWith('PullSecret/')

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/ */
export interface ObjectOwner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** Where the issuer's documents are published; a token is exchanged only after its key is public. */
export interface DocumentIssuer {
  /** A URL that `pullpass issuer publish --to` accepts; not a folder. */
  readonly publishTo: string
  /** `keys`: the vendor of the target stores the keys, and nothing needs to be public; absent: documents. */
  readonly publishes?: 'keys'
  /** The issuer's URL, where it is not the public URL of the target. */
  readonly url?: string
  /** The ConfigMap of the key state, where it is not pullpass-system/pullpass-issuer. */
  readonly keyStateRef?: NamespacedName
}

/** Selected: include (absent: any) and selector (absent: any) and not exclude. */
export interface NamespaceChoice {
  /** Whether a run fails if no namespace is selected; absent: Fail. */
  readonly emptyPolicy?: 'Fail' | 'Allow'
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly selector?: LabelSelector
}

/** Kubernetes' LabelSelector. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelRequirement[]
}

export interface LabelRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

export interface RegistryBase {
  readonly name: string
  /** host[:port][/path/]: no scheme, no query, a path ends in `/`. */
  readonly hosts: readonly string[]
  /** The audience of the subject token, where the vendor is configured for another than its default. */
  readonly audience?: string
  /** Where this registry's subject token is read, when not from the run's token file. */
  readonly tokenFile?: string
  /** Name of the field that holds the token, in a token file that is a JSON object. */
  readonly tokenFileField?: string
}

/** A registry with the settings of exactly one vendor. */
export interface DocumentRegistry extends RegistryBase {
  /** Identifier of the vendor: its folder in src/vendors, and the field of the document that contains the settings. */
  readonly vendor: string
  /** Only the vendor's own code knows their type. What `pullpass trust` sets up is under `trust`. */
  readonly settings: unknown
  /** Set where the vendor holds the cluster's keys itself, so that the issuer's documents need not be public. */
  readonly keysUploaded?: true
  /** Set where the credential does not come from a subject token. */
  readonly subjectToken?: 'unused'
  /** Hosts that are not the vendor's and get its credential, by hostPolicy: Any. Absent: none. */
  readonly foreignHosts?: readonly string[]
  /** What the credential is read from, or the exchange needs besides a token; absent: nothing. */
  readonly sources?: CredentialSources
}

/** Where passwords, client secrets and keys are stored: a document refers to them, and never contains them. */
export interface CredentialSources {
  readonly secrets?: readonly NamespacedName[]
  /** Paths of files. */
  readonly files?: readonly string[]
}

/** A reference to a namespaced object. */
export interface NamespacedName {
  readonly namespace: string
  readonly name: string
}

/** The subject token's file, as a vendor's credential file names it. */
export interface TokenFile {
  readonly tokenFile: string
  /** Name of the field that holds the token, in a file that is a JSON object. */
  readonly tokenFileField?: string
}

/** The ConfigMap of the key state, unless the document or a flag names another. */
export const defaultKeyStateRef: NamespacedName = {
  namespace: 'pullpass-system',
  name: 'pullpass-issuer',
}

// The subject token of a registry: requested from the cluster, or read from a file.

/** The service account whose token is requested; undefined where a file is read (a registry's own comes first), or no token is used. */
export function requestedAccount(
  { serviceAccountRef }: Pick<Document, 'serviceAccountRef'>,
  { tokenFile, subjectToken }: DocumentRegistry,
): Document['serviceAccountRef'] {
  return tokenFile === undefined && subjectToken === undefined ? serviceAccountRef : undefined
}

/** Whether its subject token is read from a file. */
export const readsTokenFile = (document: Pick<Document, 'serviceAccountRef'>, registry: DocumentRegistry): boolean =>
  registry.subjectToken === undefined && requestedAccount(document, registry) === undefined
