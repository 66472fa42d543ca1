/** Whether a token was signed by one of these keys. RFC 7515 §5.2; nothing else of it is judged here. */
import type { SubjectToken } from '../identity/subject-token.ts'
import type { IssuerKey } from './keys.ts'

/** `unknown-key`: no key has the token's kid. `unsupported`: a key or algorithm that nobody here can compute. */
export type SignatureVerdict = 'verified' | 'wrong' | 'unknown-key' | 'unsupported'

export async function verifySignature(token: SubjectToken, keys: readonly IssuerKey[]): Promise<SignatureVerdict> {
  const key = keys.find(({ keyId }) => keyId !== undefined && keyId === token.keyId)
  if (key === undefined) return 'unknown-key'
  if (token.algorithm === undefined || !/^[RE]S(256|384|512)$/.test(token.algorithm)) return 'unsupported'
  const { compactVerify, importJWK, errors } = await import('jose')
  try {
    const imported = await importJWK({ ...key.members }, token.algorithm)
    await compactVerify(token.value.reveal(), imported, { algorithms: [token.algorithm] })
    return 'verified'
  } catch (error) {
    // What else is thrown says that this key cannot be used for this algorithm, in words that vary.
    return error instanceof errors.JWSSignatureVerificationFailed ? 'wrong' : 'unsupported'
  }
}
