/** The assertion with which a client authenticates: a JWT that is signed with its private key. RFC 7523 §3, RFC 7515 §7.1. */
import { constants, createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import type { Context } from '../../http/context.ts'
import { Redacted } from '../../text/redacted.ts'
import { sourceInvalid } from '../credential-source.ts'
import type { ClientAlgorithm } from './settings.ts'

interface Client {
  readonly id: string
  readonly audience: string
  readonly keyId: string | undefined
  readonly algorithm: ClientAlgorithm | undefined
}

const lifeSeconds = 300

/** @throws CREDENTIAL_SOURCE_INVALID for a key that cannot be used */
export function clientAssertion(
  client: Client,
  pem: Redacted,
  { now, random }: Pick<Context, 'now' | 'random'>,
): Redacted {
  const key = parseKey(pem)
  const algorithm = algorithmOf(key, client.algorithm)
  const issuedAt = Math.floor(now().getTime() / 1000)
  const { id, audience, keyId } = client
  const claims = { iss: id, sub: id, aud: audience, iat: issuedAt, exp: issuedAt + lifeSeconds }
  // Servers refuse an assertion that they have seen. No secret: the signature protects it.
  const jti = createHash('sha256')
    .update(JSON.stringify([claims, now().getTime(), random()]))
    .digest('base64url')
  const header = { alg: algorithm, typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) }
  const signed = [header, { ...claims, jti }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return new Redacted(`${signed}.${signatureOf(signed, key, algorithm).toString('base64url')}`)
}

function parseKey(pem: Redacted): KeyObject {
  try {
    return createPrivateKey(pem.reveal())
  } catch {
    // The message of the library can quote the key.
    throw sourceInvalid('the private key of the client cannot be read', 'an unencrypted private key in PEM')
  }
}

/** RFC 7518 §3.3: RSA keys have at least 2048 bits. */
function algorithmOf(key: KeyObject, configured: ClientAlgorithm | undefined): ClientAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  const possible: readonly ClientAlgorithm[] =
    type === 'rsa' && (details?.modulusLength ?? 0) >= 2048
      ? ['RS256', 'PS256']
      : type === 'ec' && details?.namedCurve === 'prime256v1'
        ? ['ES256']
        : type === 'ed25519'
          ? ['EdDSA']
          : []
  const algorithm = configured ?? possible[0]
  if (algorithm !== undefined && possible.includes(algorithm)) return algorithm
  throw sourceInvalid(
    `the private key of the client is of type ${type ?? 'unknown'}${configured === undefined ? '' : `, which cannot sign ${configured}`}`,
    'an RSA key of at least 2048 bits, an EC key of curve P-256, or an Ed25519 key',
  )
}

function signatureOf(text: string, key: KeyObject, algorithm: ClientAlgorithm): Buffer {
  const bytes = Buffer.from(text)
  switch (algorithm) {
    case 'RS256':
      return sign('sha256', bytes, key)
    case 'PS256':
      return sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
    case 'ES256':
      return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
    case 'EdDSA':
      return sign(null, bytes, key)
    default:
      return algorithm satisfies never
  }
}
