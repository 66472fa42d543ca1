/**
 * The contract of a vendor: everything specific to it is in src/vendors/IDENTIFIER/, behind these parts, each of which may be
 * absent and is loaded when it is used. Other code uses a part and never names the vendor; a vendor never imports Kubernetes code.
 */
import { type RegistryCredential, rereadSeconds } from '../credential/registry-credential.ts'
import type { DocumentRegistry, NamespacedName, RegistryBase } from '../document/document.ts'
import type { DocumentVendor } from '../document/document-vendor.ts'
import { type ExchangeHop, PullpassError } from '../errors/pullpass-error.ts'
import type { Context, Environment } from '../http/context.ts'
import type { Refusal } from '../http/request-errors.ts'
import { isAcceptedByApiServer, type SubjectToken } from '../identity/subject-token.ts'
import type { IssuerRequirements, IssuerVerifier } from '../oidc/evaluate/issuer-requirements.ts'
import { standardRequirements } from '../oidc/evaluate/standard-requirements.ts'
import type { ManagedService } from '../oidc/managed-service.ts'
import { quote } from '../text/plain-text.ts'
import type { Redacted } from '../text/redacted.ts'
import type { PublisherIdentity } from './publisher-identity.ts'
import type { Store } from './store.ts'
import type { TrustSetup } from './trust/contract.ts'

export interface Vendor<Settings = unknown> extends DocumentVendor<Settings> {
  /** Subject token in, registry credential out. One of `exchange` and `lookup` is present exactly where `settings` is. */
  readonly exchange?: () => Promise<Exchange<Settings>>
  /** A credential that exists already, such as a password. */
  readonly lookup?: () => Promise<Lookup<Settings>>
  /** What a document for one of its hosts contains. */
  readonly draft?: () => Promise<DraftOf>
  /** The password of its credentials is the subject token itself. */
  readonly passwordIsToken?: true
  readonly trust?: VendorTrust<Settings>
  /** Kinds of stores for issuer metadata, by the scheme of their URL. */
  readonly stores?: Readonly<Record<string, VendorStore>>
  /** The identity with which a pod publishes to the vendor's stores. */
  readonly publisherIdentity?: VendorPublisher<Settings>
  /** What the vendor requires of an issuer whose tokens it verifies. */
  readonly issuerRequirements?: () => Promise<IssuerRequirements>
  /** The vendor's managed Kubernetes service, which publishes the documents of its clusters' issuers. */
  readonly managedService?: ManagedService
}

interface VendorPublisher<Settings = unknown> {
  /** The form of an identity at the vendor; follows "expected". */
  readonly form: string
  readonly load: () => Promise<PublisherIdentity<Settings>>
}

interface VendorStore {
  /** For help and errors; up to its first capital or "…" it is literal: `SCHEME://BUCKET/PATH`. */
  readonly form: string
  /** `keys`: the vendor verifies tokens with the keys that it stores, and nothing is public; absent: documents. */
  readonly publishes?: 'keys'
  readonly load: () => Promise<Store>
}

// What `pullpass init` knows of a registry by its host.

/** Undefined: the host is not the vendor's. Pure. */
export type DraftOf = (host: string) => RegistryDraft | undefined

interface RegistryDraft {
  /** Proposed name of the registry in the document. */
  readonly name: string
  /** Hosts of the vendor with the same text have one credential, and are one registry of the document; absent: only this host. */
  readonly credential?: string
  /** What the host contains, for a comment: `account 123456789012, region eu-west-1`. */
  readonly facts: string
  /** Required fields under the vendor's identifier, in their order. */
  readonly fields: readonly DraftField[]
  /** Lines of YAML under the vendor's identifier that pullpass trust needs, with capitals to be replaced; written as comments. */
  readonly trust?: readonly string[]
}

interface DraftField {
  /** Also of a nested field: `secretRef.name`. */
  readonly name: string
  /** Known by the host, or what `pullpass trust apply` creates; undefined: it has to be filled in. */
  readonly value?: string
  /** Meaning, and where to find it: a sentence without its full stop. */
  readonly comment: string
}

/** What `pullpass trust` sets up at the vendor. */
interface VendorTrust<Settings = unknown> {
  /** Identifier of the vendor with whose resources these are set up, such as one role for both; absent: its own. */
  readonly with?: string
  /** The vendor's command-line tool, for which `trust plan -o` prints commands. */
  readonly commandLine: string
  /** Fields of an existing resource that change only where `--replace` names them. */
  readonly replaceable: readonly string[]
  readonly load: () => Promise<TrustSetup<Settings>>
}

/** By identifier: the name of the folder, and of the field in a document. */
export type Vendors = Readonly<Record<string, Vendor>>

/** With the list of vendors, which is an argument like the clock. */
export interface VendorContext extends Context {
  readonly vendors: Vendors
}

/** Checks that the parts of one vendor have one type of settings, which nothing outside its folder knows. */
export const defineVendor = <Settings>(vendor: Vendor<Settings>): Vendor => vendor

/** A registry of a document, with the settings of its vendor. */
export type RegistryOf<Settings> = RegistryBase & { readonly settings: Settings }

export interface Exchange<Settings> {
  /** Audiences that the vendor accepts for this registry; the first is requested. */
  audiences(registry: RegistryOf<Settings>): readonly [string, ...string[]]

  /** The hops of this registry's exchange, in order. */
  hops(registry: RegistryOf<Settings>): readonly [ExchangeHop, ...ExchangeHop[]]

  /** How long a subject token must live for the credential to have its full lifetime, in seconds. */
  subjectTokenLifeSeconds(registry: RegistryOf<Settings>): number

  /** The longest lifetime of a new credential, in seconds. */
  credentialLifeSeconds(registry: RegistryOf<Settings>): number

  /**
   * The domains to which an exchange for the document of a tenant may send requests; another host is refused, whatever the
   * settings are. Empty: the exchange sends none, or a tenant's document cannot have a registry of this vendor.
   */
  readonly tenantDomains: readonly string[]

  /** Variables that set endpoints of the exchange, for documents that do not specify them. */
  readonly endpointVariables: readonly string[]

  /** Checks the variables that set the vendor's endpoints. @throws VARIABLE_INVALID */
  checkEnvironment(environment: Environment): void

  /** Why the vendor cannot accept this subject, independent of its issuer; undefined if it can. `from`: where it comes from. Pure. */
  checkSubject(subject: string, from: string): PullpassError | undefined

  /** The meaning of a registry's refusal, from the vendor's message; undefined if it is unknown. Pure. */
  registryRefusal(message: string): Refusal | undefined

  /** Subject token in, registry credential out; uses the vendor's quota. */
  exchange(
    registry: RegistryOf<Settings>,
    subjectToken: SubjectToken,
    context: ExchangeContext,
  ): Promise<RegistryCredential>
}

/** Reads a registry credential from where it is stored; the settings that `read` returns have `subjectToken: 'unused'`. */
export interface Lookup<Settings> {
  /** @throws CREDENTIAL_SOURCE_INVALID and what `readSecret` throws */
  lookUp(registry: RegistryOf<Settings>, context: ExchangeContext): Promise<RegistryCredential>
}

/** The audience of a registry whose vendor requires one in the document. */
export function audienceOf({ name, audience }: Pick<RegistryBase, 'name' | 'audience'>): string {
  if (audience === undefined) throw new TypeError(`registry ${name} passed its checks without an audience`)
  return audience
}

/** The members of an exchange whose vendor has no variables, no limits of its own and no known messages of a registry. */
export const withoutRestrictions: Pick<
  Exchange<unknown>,
  'tenantDomains' | 'endpointVariables' | 'checkEnvironment' | 'checkSubject' | 'registryRefusal'
> = {
  tenantDomains: [],
  endpointVariables: [],
  checkEnvironment: () => undefined,
  checkSubject: () => undefined,
  registryRefusal: () => undefined,
}

/** The part of the context that an exchange may use. */
export interface ExchangeContext
  extends Pick<Context, 'transport' | 'now' | 'random' | 'sleep' | 'signal' | 'environment' | 'log' | 'secrets'> {
  /** Reads a Secret that the registry names as a source. Absent: no cluster is connected. */
  readonly readSecret?: ReadSecret
}

/** @throws CREDENTIAL_SOURCE_INVALID, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
type ReadSecret = (secret: NamespacedName) => Promise<SourceSecret>

/** A Secret of the cluster from which a password or a key is read. */
export interface SourceSecret {
  readonly type: string
  /** Decoded values by key. */
  readonly data: ReadonlyMap<string, Redacted>
}

type OfRegistry = 'hops' | 'subjectTokenLifeSeconds' | 'credentialLifeSeconds'

/** The exchange of one registry: what follows from its settings is a value. */
export type BoundExchange = {
  readonly [Member in OfRegistry]: ReturnType<Exchange<unknown>[Member]>
} & Pick<Exchange<unknown>, 'tenantDomains' | 'checkEnvironment' | 'checkSubject' | 'registryRefusal'> & {
    /** Empty: no subject token is used. */
    readonly audiences: readonly string[]
    /** `subjectToken`: undefined if none is used. */
    readonly exchange: (subjectToken: SubjectToken | undefined, context: ExchangeContext) => Promise<RegistryCredential>
  }

export async function bindExchange(registry: DocumentRegistry, vendors: Vendors): Promise<BoundExchange> {
  const vendor = vendors[registry.vendor]
  const lookup = await vendor?.lookup?.()
  if (lookup !== undefined) return bindLookup(registry, lookup)
  const exchange = await vendor?.exchange?.()
  if (exchange === undefined) throw new TypeError(`vendor ${registry.vendor} has settings and no exchange`)
  return {
    ...exchange,
    audiences: exchange.audiences(registry),
    hops: exchange.hops(registry),
    subjectTokenLifeSeconds: exchange.subjectTokenLifeSeconds(registry),
    credentialLifeSeconds: exchange.credentialLifeSeconds(registry),
    async exchange(subjectToken, context) {
      if (subjectToken === undefined) throw new TypeError(`registry ${registry.name} needs a subject token`)
      // Whatever the document and the vendor accept: such a token acts in the cluster.
      if (isAcceptedByApiServer(subjectToken)) throw acceptedByApiServer(subjectToken)
      return await exchange.exchange(registry, subjectToken, context)
    },
  }
}

const acceptedByApiServer = ({ audiences }: SubjectToken) =>
  new PullpassError({
    code: 'AUDIENCE_MISMATCH',
    hop: 'subject-token',
    seen: `the subject token has ${audiences.length === 0 ? 'no audience' : `audience ${audiences.map(quote).join(' and ')}`}, which API servers accept; it was not sent`,
    expected: 'a token whose audience only the registry or its cloud accepts',
    hint: "set the registry's audience, and the same one in the configuration of the registry or cloud",
  })

const bindLookup = (registry: DocumentRegistry, lookup: Lookup<unknown>): BoundExchange => ({
  ...withoutRestrictions,
  audiences: [],
  hops: ['exchange'],
  subjectTokenLifeSeconds: 0,
  credentialLifeSeconds: rereadSeconds,
  exchange: (_, context) => lookup.lookUp(registry, context),
})

/** Identifiers of the vendors that verify tokens of an issuer. */
export const verifierNames = (vendors: Vendors): string[] =>
  Object.keys(vendors).filter((name) => vendors[name]?.issuerRequirements !== undefined)

/**
 * Of `names`, in the order of the list. A vendor without requirements of its own has those of the standard; one that exchanges no token
 * is left out.
 */
export async function issuerVerifiers(vendors: Vendors, names: readonly string[]): Promise<IssuerVerifier[]> {
  const loaded = Object.entries(vendors)
    .filter(([vendor]) => names.includes(vendor))
    .map(async ([vendor, { title, exchange, issuerRequirements }]) => {
      if (issuerRequirements === undefined && exchange === undefined) return []
      return [{ vendor, title, ...((await issuerRequirements?.()) ?? standardRequirements) }]
    })
  return (await Promise.all(loaded)).flat()
}
