/** What a key is, as people name it. */
import type { IssuerKey } from '../../issuer/keys/issuer-key.ts'

/** `RSA 2048`, `EC P-256`. */
export const kindOfKey = ({ type, bits, curve }: IssuerKey): string => [type, bits ?? curve].filter(Boolean).join(' ')
