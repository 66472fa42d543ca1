/** What documents need of a vendor: the fields of its registries, and its drop-in variables. The vendors themselves are an argument. */
import type * as z from 'zod/mini'
import type { CredentialSources, TokenFile } from './document.ts'
import type { FieldPath, FieldProblem } from './document-errors.ts'
import type { RegistryForm } from './document-form.ts'
import type { TextRule } from './field-rules.ts'
import type { HostRule } from './vendor-hosts.ts'

/** By identifier: the name of the field of a registry that contains the vendor's settings. */
export type DocumentVendors = Readonly<Record<string, DocumentVendor>>

/** Each part is loaded when it is used. */
export interface DocumentVendor<Settings = unknown> {
  /** For messages and tables. */
  readonly title: string
  /** Absent: no registry of a document can use this vendor. */
  readonly settings?: () => Promise<VendorSettings<unknown, Settings>>
  /** Absent: no environment variables describe a registry of this vendor. */
  readonly variables?: () => Promise<DropInVariables<Settings>>
  /** Forms of the targets to which an issuer is published, by scheme: `SCHEME://BUCKET/PATH`. */
  readonly stores?: Readonly<Record<string, { readonly form: string; readonly publishes?: 'keys' }>>
}

/** The vendor's fields in a registry of a document. `Form`: as they are written; `Settings`: checked and canonical. */
export interface VendorSettings<Form, Settings> {
  readonly form: z.ZodMiniType<Form>
  /**
   * Of a tenant's document: no files, and nothing that receives the token besides the vendor. undefined: a tenant's document
   * cannot have a registry of this vendor.
   */
  readonly tenantForm: z.ZodMiniType<Form> | undefined
  /** Rules between the fields, and between them and those that all vendors share; `path` leads to the vendor's fields. */
  problems(form: Form, path: FieldPath, registry: SharedFields): FieldProblem[]
  /**
   * The hosts for which the credential of this registry is valid. `any`: the vendor serves domains of customers, its rules above
   * check the hosts, or the document names other endpoints than the vendor's.
   */
  hosts(form: Form): HostRule | 'any'
  /**
   * Relative paths start at `folder`. `hosts`: of the registry, for a vendor whose credential depends on them: what is minted
   * depends on nothing but the settings. @throws CREDENTIAL_FILE_INVALID, DOCUMENT_UNREADABLE
   */
  read(form: Form, folder: string, hosts: readonly string[]): Promise<ReadSettings<Settings>>
}

/** The fields of a registry that all vendors share. */
export type SharedFields = Pick<RegistryForm, 'name' | 'hosts' | 'audience' | 'tokenFile'>

export interface ReadSettings<Settings> {
  readonly settings: Settings
  /** Where the token is, by a credential file of the vendor. */
  readonly token?: TokenFile
  /** Set where the vendor holds the cluster's keys itself, so that the issuer's documents need not be public. */
  readonly keysUploaded?: true
  /** Set where the credential does not come from a subject token. */
  readonly subjectToken?: 'unused'
  /** What the credential is read from, or the exchange needs besides a token. */
  readonly sources?: CredentialSources
}

/** A registry from environment variables, in addition to those of the Secret, its namespaces and the hosts. */
export interface DropInVariables<Settings> {
  /** Name of the registry's entry. */
  readonly registry: string
  readonly defaultHost: string
  /** The hosts for which the credential is valid; absent: any. */
  readonly hosts?: HostRule
  /** All are required. */
  readonly rules: Readonly<Record<string, TextRule>>
  /** `text`: the trimmed value of a variable that follows its rule. */
  settings(text: (name: string) => string): Settings
}
