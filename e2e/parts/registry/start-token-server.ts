/**
 * The token server of a Docker registry: Basic credentials in, a signed token for the requested scopes
 * out. https://distribution.github.io/distribution/spec/auth/token and /spec/auth/jwt
 */
import { createPrivateKey, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'

export interface RegistryLogin {
  readonly username: string
  readonly password: string
}

export interface TokenServer {
  readonly realm: string
  readonly issuer: string
  readonly service: string
  /** PEM of the authority whose keys sign the tokens. */
  readonly authority: string
  readonly close: () => Promise<void>
}

const issuer = 'pullpass token server'
const service = 'pullpass registry'

/** `accepts` is called for each token, so that a login can be revoked while the registry runs. */
export async function startTokenServer(accepts: (login: RegistryLogin) => boolean): Promise<TokenServer> {
  const { authority, sign } = await createSigner()
  const { port, close } = await servePart({
    async handler({ method, query, headers }) {
      if (method !== 'GET') return { status: 405 } // no OAuth2 POST: clients then use GET, as Google's registry requires
      const login = parseBasicAuth(headers['authorization'])
      if (!login || !accepts(login)) {
        return { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] } }
      }
      const access = query.getAll('scope').flatMap((scopes) => scopes.split(' ').map(parseScope))
      return { status: 200, body: { token: await sign(login.username, access), expires_in: 300 } }
    },
  })
  return {
    realm: `http://localhost:${port}/token`, // by name: crane and oras refuse a realm with a loopback address
    issuer,
    service,
    authority,
    close,
  }
}

interface Access {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

/** The registry trusts a key by the certificate chain in the token's `x5c`. */
async function createSigner() {
  const certificateAuthority = await createCertificateAuthority()
  const { certificate, key } = await certificateAuthority.issueServerCertificate()
  const x5c = [certificate.replaceAll(/-----[A-Z ]+-----|\s/g, '')]
  const signingKey = createPrivateKey(key)
  const sign = (subject: string, access: readonly Access[]): Promise<string> =>
    new SignJWT({ access })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', x5c })
      .setIssuer(issuer)
      .setAudience(service)
      .setSubject(subject)
      .setJti(randomUUID())
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime('5m')
      .sign(signingKey)
  return { authority: certificateAuthority.ca, sign }
}

function parseBasicAuth(header = ''): RegistryLogin | undefined {
  const [scheme, value] = header.split(' ')
  if (scheme !== 'Basic' || !value) return undefined
  const [username = '', ...password] = Buffer.from(value, 'base64').toString().split(':')
  return { username, password: password.join(':') }
}

/** `repository:team/app:pull,push`; a name may contain a host with a port, and so a colon. */
function parseScope(scope: string): Access {
  const [type = '', ...rest] = scope.split(':')
  const actions = rest.pop() ?? ''
  return { type, name: rest.join(':'), actions: actions.split(',') }
}
