/**
 * The operator that configures Google Cloud, with credentials for Google's client libraries: a token of a login service
 * that a pool of another project trusts. (A key file is not possible: the Node.js library sends keys only to Google.)
 * https://google.aip.dev/auth/4117
 */
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose'
import { cloudPlatform } from './access-tokens.ts'
import type { GoogleCloud } from './google-cloud.ts'
import { principalOf } from './iam/workload-identity.ts'

export interface Operator {
  /** The IAM member of the operator. */
  readonly member: string
  /** A new access token, valid for an hour by the sandbox's clock. */
  readonly accessToken: () => string
  /** Variables that select the operator's credentials in Google's libraries and in pullpass. */
  readonly environment: Readonly<Record<string, string>>
}

export interface OperatorNeeds {
  readonly stsUrl: string
  readonly now: () => Date
  /** Writes a file that only the user can read, and returns its path. */
  readonly write: (name: string, content: string) => Promise<string>
}

const issuer = 'https://login.example.com'
const subject = 'operator@example.com'
const provider = 'projects/210987654321/locations/global/workloadIdentityPools/operators/providers/login'
const monthSeconds = 30 * 86_400

/** Shared by all sandboxes of this process. */
let loginKey: Promise<GenerateKeyPairResult> | undefined

export async function signInOperator(google: GoogleCloud, { stsUrl, now, write }: OperatorNeeds): Promise<Operator> {
  loginKey ??= generateKeyPair('ES256')
  const { privateKey, publicKey } = await loginKey
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'login-1', alg: 'ES256', use: 'sig' }]
  const member = principalOf(provider, subject)
  google.projects.put('operations-project', '210987654321')
  google.identity.putProvider({ name: provider, issuerUri: issuer, jwksJson: JSON.stringify({ keys }) })
  google.operators.put(member)

  const audience = `//iam.googleapis.com/${provider}`
  const issuedAt = Math.floor(now().getTime() / 1000)
  const token = await new SignJWT({
    iss: issuer,
    sub: subject,
    aud: audience,
    iat: issuedAt,
    exp: issuedAt + monthSeconds,
  })
    .setProtectedHeader({ alg: 'ES256', kid: 'login-1' })
    .sign(privateKey)
  const credentials = {
    type: 'external_account',
    audience,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${stsUrl}/v1/token`,
    credential_source: { file: await write('operator-token', token) },
  }
  const accessToken = () =>
    google.grantToken({ member, scopes: [cloudPlatform], expiresAt: new Date(now().getTime() + 3_600_000) })
  return {
    member,
    accessToken,
    environment: {
      GOOGLE_APPLICATION_CREDENTIALS: await write(
        'operator-credentials.json',
        JSON.stringify(credentials, undefined, 2),
      ),
      GOOGLE_CLOUD_PROJECT: 'example-project', // otherwise Google's library looks it up at Google
    },
  }
}
