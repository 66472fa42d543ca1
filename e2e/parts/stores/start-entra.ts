/**
 * The part of Microsoft's token service that a workload identity uses, for an emulator that checks only claims: no cloud can
 * be started here. https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { CertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../../sandbox/serve/handler.ts'
import { type Part, servePart } from '../../../sandbox/serve/serve-part.ts'

export const tenant: string = '11111111-2222-3333-4444-555555555555'

interface EntraOptions {
  readonly authority: CertificateAuthority
  /** The accepted subject token, or a function that accepts or refuses it. */
  readonly acceptedAssertion: string | ((assertion: string) => Promise<boolean>)
  /** Audience of the tokens that it issues. */
  readonly audience: string
}

export async function startEntra({ authority, acceptedAssertion, audience }: EntraOptions): Promise<Part> {
  let origin = ''
  const handler: SandboxHandler = async ({ method, path, body }) => {
    if (path === `/${tenant}/v2.0/.well-known/openid-configuration`) return { status: 200, body: metadata(origin) }
    if (method !== 'POST' || path !== `/${tenant}/oauth2/v2.0/token`) return { status: 404 }
    const form = new URLSearchParams(body.toString())
    const received = form.get('client_assertion') ?? ''
    if (!(typeof acceptedAssertion === 'string' ? received === acceptedAssertion : await acceptedAssertion(received)))
      return refused
    const access_token = await grant(audience)
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3600, ext_expires_in: 3600, access_token } }
  }
  const part = await servePart({ handler, tls: { authority, http2: 'absent' } })
  origin = part.url
  return part
}

const metadata = (origin: string) => ({
  issuer: `${origin}/${tenant}/v2.0`,
  authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
  token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
  jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
})

const refused = {
  status: 401,
  body: {
    error: 'invalid_client',
    error_description:
      'AADSTS700213: No matching federated identity record found for presented assertion subject. Trace ID: 1',
    error_codes: [700213],
  },
}

const grant = (audience: string) =>
  new SignJWT({ oid: randomUUID() })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(`https://sts.windows.net/${tenant}/`)
    .setAudience(audience)
    .setIssuedAt()
    .setNotBefore('-1 min')
    .setExpirationTime('1 h')
    .sign(Buffer.alloc(32))
