/** What `pullpass init` knows of a registry by its host. Each vendor recognizes its own hosts. */

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
