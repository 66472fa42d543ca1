/**
 * A token exchange server with a confidential client. https://www.rfc-editor.org/rfc/rfc8693#section-2
 * Client authentication: RFC 6749 §2.3.1, RFC 7523 §2.2.
 */
import { createPublicKey, type KeyObject, verify as verifySignature } from 'node:crypto'
import { basicOf, type FederatedSandbox, federatedVendor, formOf, jsonOf } from '../issuer/federated-service.ts'
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { SandboxVendor } from '../vendor.ts'

export interface OidcSandbox extends FederatedSandbox {
  readonly client: SandboxClient
}

export interface SandboxClient {
  /** undefined: no client is required. */
  method: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'subject_token' | undefined
  readonly id: string
  readonly secret: string
  /** PEM. */
  publicKey: string
}

export const oidc: SandboxVendor<OidcSandbox> = {
  async open(context) {
    const client: SandboxClient = {
      method: undefined,
      id: 'pull pass:1',
      secret: 'client secret+/=%&:1',
      publicKey: '',
    }
    const opened = await exchangeServer(client).open(context)
    return { ...opened, client }
  },
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const tokenType = 'urn:ietf:params:oauth:token-type:'

const exchangeServer = (client: SandboxClient) =>
  federatedVendor({
    audience: (url) => url,
    lifeSeconds: 1800,
    name: 'registry',
    async respond(request, { settings, verify, issue, now }) {
      if (request.method !== 'POST' || request.path !== '/token') return { status: 404, body: '' }
      const fields =
        formOf(request) ??
        new URLSearchParams(
          Object.entries(jsonOf(request)).map(([name, value]) => [name, String(value)] as [string, string]),
        )
      const token = () => ({
        access_token: issue('puller').password,
        token_type: 'Bearer',
        expires_in: settings.lifeSeconds,
        account: { name: 'puller' },
      })
      if (client.method === 'subject_token') {
        const isMeant = fields.get('client_id') === client.id && fields.get('client_assertion_type') === assertionType
        const verdict = isMeant ? await verify(fields.get('client_assertion') ?? '') : { rejection: 'client' }
        if ('rejection' in verdict)
          return refused(401, 'invalid_client', `The client assertion is not accepted: ${verdict.rejection}.`)
        if (fields.get('grant_type') === 'client_credentials')
          return fields.has('subject_token')
            ? refused(400, 'invalid_request', 'The grant has no subject token.')
            : { status: 200, body: token() }
      } else if (!isClient(request, fields, client, now()))
        return refused(401, 'invalid_client', 'Invalid client credentials.')
      if (fields.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:token-exchange')
        return refused(400, 'unsupported_grant_type', 'The grant is not supported.')
      if (fields.get('subject_token_type') !== `${tokenType}jwt`)
        return refused(400, 'invalid_request', 'The subject_token_type is not supported.')
      if (fields.get('audience') !== settings.name)
        return refused(400, 'invalid_target', 'The requested audience is unknown.')
      const verdict = await verify(fields.get('subject_token') ?? '')
      if ('rejection' in verdict) {
        return verdict.rejection === 'subject'
          ? refused(400, 'unauthorized_client', 'The subject may not exchange tokens.')
          : refused(400, 'invalid_grant', `The subject token is not accepted: ${verdict.rejection}.`)
      }
      return {
        status: 200,
        body: { ...token(), issued_token_type: `${tokenType}access_token` },
      }
    },
  })

function isClient(request: SandboxRequest, fields: URLSearchParams, client: SandboxClient, now: Date): boolean {
  const { method, id, secret, publicKey } = client
  switch (method) {
    case undefined:
      return true
    case 'client_secret_basic': {
      const [name, password] = basicOf(request).map((part) => new URLSearchParams(`a=${part}`).get('a'))
      return name === id && password === secret
    }
    case 'client_secret_post':
      return fields.get('client_id') === id && fields.get('client_secret') === secret
    case 'private_key_jwt':
      return (
        fields.get('client_assertion_type') === assertionType &&
        isAssertion(fields.get('client_assertion') ?? '', {
          id,
          key: createPublicKey(publicKey),
          now,
          host: request.headers['host'] ?? '',
        })
      )
    case 'subject_token':
      return false // its assertion is verified with the keys of the cluster
    default:
      return method satisfies never
  }
}

interface AssertionNeeds {
  readonly id: string
  readonly key: KeyObject
  readonly now: Date
  readonly host: string
}

function isAssertion(assertion: string, { id, key, now, host }: AssertionNeeds): boolean {
  const [header = '', payload = '', signature = ''] = assertion.split('.')
  const { iss, sub, aud, exp, jti } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString())
  const options = { key, ...(alg === 'ES256' && { dsaEncoding: 'ieee-p1363' as const }) }
  const hash = alg === 'EdDSA' ? null : 'sha256'
  const isSigned = verifySignature(
    hash,
    Buffer.from(`${header}.${payload}`),
    options,
    Buffer.from(signature, 'base64url'),
  )
  const isMeant = iss === id && sub === id && aud === `https://${host}/token` && typeof jti === 'string'
  return isSigned && isMeant && exp * 1000 > now.getTime()
}

const refused = (status: number, error: string, error_description: string): SandboxResponse => ({
  status,
  body: { error, error_description },
})
