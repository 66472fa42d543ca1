/** The fields of `azure` in a document: as they are written, and checked and canonical. */
import type { CloudName } from './names.ts'

export interface AzureSettings {
  /** UUID in lower case, or a domain of the tenant. */
  readonly tenantId: string
  /** UUID in lower case: of an application, or of a managed identity. */
  readonly clientId: string
  /** The login server: the credential is for this registry and no other. */
  readonly registry: string
  readonly cloud: CloudName
  /** Each is checked with a token of its own; absent: what the identity may pull is known only at the pull. */
  readonly repositories?: readonly string[]
  /** Origins that replace Azure's own, such as an emulator's; no path. */
  readonly endpoints?: AzureEndpoints
  readonly trust?: AzureTrust
}

interface AzureEndpoints {
  readonly authority?: string
  readonly registry?: string
}

/** What `pullpass trust` sets up in addition to what an exchange needs to know. */
interface AzureTrust {
  /** Resource id of the registry. */
  readonly registryId: string
  /** Resource id of the managed identity with the client id; absent: the client id is an application's. */
  readonly managedIdentityId?: string
}

/** As it is written. */
export interface AzureForm {
  readonly tenantId: string
  readonly clientId: string
  readonly registry?: string
  readonly cloud?: CloudName
  readonly repositories?: readonly string[]
  readonly endpoints?: AzureEndpoints
  readonly trust?: AzureTrust
}
