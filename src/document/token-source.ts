/** Where a vendor's own credential file says that the subject token is. */
export interface TokenSource {
  readonly tokenFile: string
  /** Name of the field that holds the token, in a file that is a JSON object. */
  readonly tokenFileField?: string
}
