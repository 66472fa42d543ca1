/**
 * The token server that a Docker registry sends its clients to: Basic credentials in, a signed token for the asked
 * scopes out. https://distribution.github.io/distribution/spec/auth/token and /spec/auth/jwt
 */
import { createPrivateKey, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { SignJWT } from 'jose'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { listeningPort } from './free-port.ts'

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

/** `accepts` is asked anew for each token, so that a credential can be withdrawn while the registry runs. */
export async function startTokenServer(accepts: (login: RegistryLogin) => boolean): Promise<TokenServer> {
  const { authority, sign } = await createSigner()
  const server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.method !== 'GET') return response.writeHead(405).end() // as Google's: no OAuth form, clients then GET
    const login = readLogin(request)
    if (!login || !accepts(login)) {
      return response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')
    }
    const { searchParams } = new URL(request.url ?? '', 'http://localhost')
    const access = searchParams.getAll('scope').flatMap((scopes) => scopes.split(' ').map(parseScope))
    return response.end(JSON.stringify({ token: await sign(login.username, access), expires_in: 300 }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    realm: `http://localhost:${listeningPort(server)}/token`, // by name: clients refuse a realm on a loopback address
    issuer,
    service,
    authority,
    async close() {
      server.close().closeAllConnections()
      await once(server, 'close')
    },
  }
}

interface Access {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

/** The registry trusts keys by the certificate chain in the token's `x5c`. */
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

function readLogin(request: IncomingMessage): RegistryLogin | undefined {
  const [scheme, value] = (request.headers.authorization ?? '').split(' ')
  if (scheme !== 'Basic' || !value) return undefined
  const [username = '', ...password] = Buffer.from(value, 'base64').toString().split(':')
  return { username, password: password.join(':') }
}

/** `repository:team/app:pull,push`; a name may hold a host's port, and so a colon. */
function parseScope(scope: string): Access {
  const [type = '', ...rest] = scope.split(':')
  const actions = rest.pop() ?? ''
  return { type, name: rest.join(':'), actions: actions.split(',') }
}
