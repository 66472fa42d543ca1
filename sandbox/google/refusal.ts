/** An error response of Google's token service. RFC 6749 §5.2. */
export interface Refusal {
  readonly error: string
  readonly error_description: string
}
