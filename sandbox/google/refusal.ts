/** Why Google's token service refuses a token. RFC 6749 §5.2. */
export interface Refusal {
  readonly error: string
  readonly error_description: string
}
