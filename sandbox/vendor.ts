/**
 * A vendor's part of the sandbox: its services on sockets of their own, which verify the cluster's tokens and issue credentials
 * that the sandbox's registry accepts.
 *
 *     open ──▶ environment: clients find the services
 *       └────▶ trust(issuer): from now on, tokens of the cluster are exchanged ──▶ authenticate: the registry accepts the credential
 */
import type { IssuerConnection } from './issuer/published-keys.ts'
import type { Authenticate } from './registry/token-endpoint.ts'
import type { CertificateAuthority } from './serve/certificate-authority.ts'
import type { SandboxHandler } from './serve/handler.ts'
import type { Part } from './serve/serve-part.ts'

/** What the sandbox provides to a vendor's part. */
export interface SandboxContext {
  readonly now: () => Date
  /** Signs the certificates of the services; clients of the sandbox trust it. */
  readonly authority: CertificateAuthority
  /** With which the vendor reads issuer metadata. */
  readonly issuers: IssuerConnection
  /** Serves one service with TLS on its own port of 127.0.0.1, until the sandbox is closed. */
  readonly serve: (handler: SandboxHandler) => Promise<Part>
  /** Writes a file that only the user can read into the folder of the sandbox, and returns its path. */
  readonly write: (name: string, content: string) => Promise<string>
  /** The `sub` of the ServiceAccount whose tokens are to be exchanged. */
  readonly subject: string
  /** The repository that it may pull from, without the host of the registry: `example-project/images`. */
  readonly repository: string
}

/** The running services of a vendor. A vendor adds its state, for tests to set up and inspect. */
export interface SandboxCloud {
  /** The servers, each with its faults and the requests that it received. */
  readonly parts: Readonly<Record<string, Part>>
  /** Variables that direct clients to these servers, and the credentials of an operator. */
  readonly environment: Readonly<Record<string, string>>
  /** Variables that describe one registry entry, for `pullpass refresh` without a document. */
  readonly registryVariables: Readonly<Record<string, string>>
  /** Audience of a subject token, by default. */
  readonly audience: string
  /** Trusts the subject of this issuer, which may then pull from the repository. */
  readonly trust: (issuer: string) => void | Promise<void>
  /** The holder of a credential that this vendor issued, at the sandbox's registry. */
  readonly authenticate: Authenticate
  /** A public and empty place for issuer metadata; absent: the vendor has no store. */
  readonly issuerStore?: IssuerStore
}

export interface IssuerStore {
  /** The issuer URL of the documents that are written there. */
  readonly url: string
  readonly write: (path: string, document: IssuerDocument) => void
}

interface IssuerDocument {
  readonly contentType: string
  readonly cacheControl: string
  readonly body: string
}

export interface SandboxVendor<Cloud extends SandboxCloud = SandboxCloud> {
  readonly open: (context: SandboxContext) => Promise<Cloud>
}

/** Loads the code of a vendor's part when it is started. */
export type LoadSandboxVendor<Cloud extends SandboxCloud = SandboxCloud> = () => Promise<SandboxVendor<Cloud>>
