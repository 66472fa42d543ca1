/** The fields of `azure` in a document, as they are written and after validation, in canonical form. */
import type { CloudName } from './names.ts'

export interface AzureSettings {
  /** UUID in lower case, or a domain of the tenant. */
  readonly tenantId: string
  /** UUID in lower case: of an application, or of a managed identity. */
  readonly clientId: string
  /** The login server: the credential is valid for this registry only. */
  readonly registry: string
  readonly cloud: CloudName
  /** Each is checked with a token for it; absent: the permissions of the identity are known only when an image is pulled. */
  readonly repositories?: readonly string[]
  /** Origins that replace Azure's own, such as an emulator's; no path. */
  readonly endpoints?: AzureEndpoints
  readonly trust?: AzureTrust
}

interface AzureEndpoints {
  readonly authority?: string
  readonly registry?: string
}

/** What `pullpass trust` configures; exchanges do not use it. */
interface AzureTrust {
  /** Resource id of the registry. */
  readonly registryId: string
  /** Resource id of the managed identity with the client id; absent: the client id is that of an application. */
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
