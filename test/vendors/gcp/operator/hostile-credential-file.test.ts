/** The operator's credential file, a ConfigMap in deploy/issuer, is not trusted: it cannot redirect a token. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { HttpRequest } from '../../../../src/http/transport.ts'
import type { IamCaller } from '../../../../src/vendors/gcp/operator/caller.ts'
import { operatorToken } from '../../../../src/vendors/gcp/operator/sign-in.ts'
import { fakeContext } from '../../../support/fake-context.ts'

const caller: IamCaller = {
  hop: 'publish',
  codes: { credentials: 'PUBLISH_CREDENTIALS_MISSING', denied: 'PUBLISH_DENIED', absent: 'PUBLISH_TARGET_NOT_FOUND' },
}

/** What only a run knows. */
interface Places {
  /** A server of the attacker's, on this machine. */
  readonly foreign: string
  readonly tokenFile: string
}

const accounts = 'v1/projects/-/serviceAccounts/puller@example-project.iam.gserviceaccount.com:generateAccessToken'
const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'

const good = ({ tokenFile }: Places) => ({
  type: 'external_account',
  audience: `//iam.googleapis.com/${provider}`,
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: 'https://sts.googleapis.com/v1/token',
  credential_source: { file: tokenFile },
})

/** Counts connections, before a byte is sent. */
async function startForeign(t: TestContext) {
  const met = { connections: 0 }
  const server = createServer((socket) => {
    met.connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { met, url: `https://localhost:${address.port}` }
}

type Case = readonly [name: string, file: (places: Places) => object, code: string, seen: RegExp]

const elsewhere = (token_url: string) => (places: Places) => ({ ...good(places), token_url })
const tokenUrl = /has the token_url /
const account = /has the service_account_impersonation_url /
const invalid = 'CREDENTIAL_FILE_INVALID'

const cases: readonly Case[] = [
  [
    'a token service on this machine, which no variable names',
    (places) => ({ ...good(places), token_url: `${places.foreign}/v1/token` }),
    invalid,
    /has the token_url "https:\/\/localhost:/,
  ],
  [
    'a token service whose name begins like Google’s',
    elsewhere('https://sts.googleapis.com.evil.invalid/v1/token'),
    invalid,
    tokenUrl,
  ],
  [
    'a token service behind a name before an @',
    elsewhere('https://sts.googleapis.com@evil.invalid/v1/token'),
    invalid,
    tokenUrl,
  ],
  ['a token service at another port', elsewhere('https://sts.googleapis.com:444/v1/token'), invalid, tokenUrl],
  ['a token service without TLS', elsewhere('http://sts.googleapis.com/v1/token'), invalid, tokenUrl],
  ['another path of Google’s', elsewhere('https://sts.googleapis.com/v1/token?to=/v1/token'), invalid, tokenUrl],
  [
    'a token service in the library’s other spelling',
    (places) => ({ ...good(places), token_url: undefined, tokenUrl: `${places.foreign}/v1/token` }),
    invalid,
    tokenUrl,
  ],
  [
    'a universe of its own',
    (places) => ({
      ...good(places),
      universe_domain: 'evil.invalid',
      token_url: 'https://sts.evil.invalid/v1/token',
    }),
    invalid,
    /has the universe "evil\.invalid/,
  ],
  [
    'an account’s token from a foreign host',
    (places) => ({ ...good(places), service_account_impersonation_url: `${places.foreign}/${accounts}` }),
    invalid,
    account,
  ],
  [
    'an account’s token from a host that begins like Google’s',
    (places) => ({
      type: 'impersonated_service_account',
      service_account_impersonation_url: `https://iamcredentials.evil.invalid/${accounts}`,
      source_credentials: good(places),
    }),
    invalid,
    account,
  ],
  [
    'a foreign token service below an account of Google’s',
    (places) => ({
      type: 'impersonated_service_account',
      service_account_impersonation_url: `https://iamcredentials.googleapis.com/${accounts}`,
      source_credentials: { ...good(places), token_url: `${places.foreign}/v1/token` },
    }),
    invalid,
    tokenUrl,
  ],
  [
    'an address that is called, with headers of its choice',
    (places) => ({
      ...good(places),
      credential_source: { url: `${places.foreign}/any`, headers: { Authorization: 'chosen' } },
    }),
    invalid,
    /has the token source "https:\/\/localhost:.*which pullpass does not call/,
  ],
  [
    'the metadata server of the node',
    (places) => ({ ...good(places), credential_source: { url: 'http://169.254.169.254/metadata/identity' } }),
    invalid,
    /has the token source /,
  ],
  [
    'the role of the node',
    (places) => ({ ...good(places), credential_source: { environment_id: 'aws1' } }),
    invalid,
    /has the token source "environment_id"/,
  ],
  [
    'a certificate',
    (places) => ({ ...good(places), credential_source: { certificate: { use_default_certificate_config: true } } }),
    invalid,
    /has the token source "certificate"/,
  ],
  [
    'any file of the pod as a token',
    (places) => ({ ...good(places), credential_source: { file: join(places.tokenFile, '../any-file') } }),
    'TOKEN_MALFORMED',
    /any-file contains no service account token: it has 1 part$/,
  ],
  [
    'the pod’s token for the API server',
    (places) => ({ ...good(places), credential_source: { file: join(places.tokenFile, '../own-token') } }),
    'AUDIENCE_MISMATCH',
    /own-token has audience "https:\/\/kubernetes\.default\.svc": API servers accept it, so it was not sent$/,
  ],
]

const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url')
const tokenFor = (aud: string) =>
  [{ alg: 'RS256' }, { iss: 'https://example.com', sub: 'system:serviceaccount:a:b', aud, exp: 2_000_000_000 }, {}]
    .map(part)
    .join('.')

async function writeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-hostile-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'token'), tokenFor(`//iam.googleapis.com/${provider}`))
  await writeFile(join(folder, 'own-token'), tokenFor('https://kubernetes.default.svc'))
  await writeFile(join(folder, 'any-file'), 'what the pod keeps')
  return folder
}

suite('a hostile credential file of the operator, for', () => {
  for (const [name, fileOf, code, seen] of cases) {
    test(`${name}, is refused, and nothing is sent`, async (t) => {
      const [folder, foreign] = [await writeFolder(t), await startForeign(t)]
      const file = join(folder, 'credentials.json')
      await writeFile(file, JSON.stringify(fileOf({ foreign: foreign.url, tokenFile: join(folder, 'token') })))
      const requested: string[] = []
      const context = {
        ...fakeContext({ environment: { GOOGLE_APPLICATION_CREDENTIALS: file, METADATA_SERVER_DETECTION: 'none' } }),
        transport: async ({ url }: HttpRequest) => {
          requested.push(url)
          throw new Error('requested')
        },
      }
      await assert.rejects(operatorToken(context, caller)(), { code, seen })
      assert.deepEqual([requested, foreign.met.connections], [[], 0])
    })
  }
})
