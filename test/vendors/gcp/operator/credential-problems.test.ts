import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { credentialProblem } from '../../../../src/vendors/gcp/operator/operator-credentials.ts'

/** As gcloud writes it. */
const file = {
  type: 'external_account',
  audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/cluster',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: 'https://sts.googleapis.com/v1/token',
  credential_source: { file: '/var/run/secrets/tokens/oidc-token' },
}
const accounts = 'v1/projects/-/serviceAccounts/puller@example.iam.gserviceaccount.com:generateAccessToken'
const elsewhere = { ...file, universe_domain: 'example.goog', token_url: 'https://sts.example.goog/v1/token' }
const job = 'https://actions.example.com/token?api-version=2.0'
const ofJob = (rest: string) => ({ ...file, credential_source: { url: `${job}${rest}` } })

suite('a file that describes credentials at Google', () => {
  const cases: Readonly<Record<string, [json: object, environment: Record<string, string>, what: RegExp | undefined]>> =
    {
      'is taken as gcloud writes it': [file, {}, undefined],
      'is taken with Google’s universe named': [{ ...file, universe_domain: 'googleapis.com' }, {}, undefined],
      'is taken with a token service of a region': [
        { ...file, token_url: 'https://sts.europe-west1.rep.googleapis.com/v1/token' },
        {},
        undefined,
      ],
      'is taken with an account of Google’s': [
        { ...file, service_account_impersonation_url: `https://iamcredentials.googleapis.com/${accounts}` },
        {},
        undefined,
      ],
      'is taken with a universe that the environment names': [
        elsewhere,
        { GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'example.goog' },
        undefined,
      ],
      'is refused with a universe that it names alone': [elsewhere, {}, /has the universe "example\.goog"$/],
      'is refused with Google’s hosts in another universe': [
        { ...file, universe_domain: 'example.goog' },
        { GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'example.goog' },
        /token_url "https:\/\/sts\.googleapis\.com\/v1\/token"$/,
      ],
      'is taken with the token service that the environment names': [
        { ...file, token_url: 'https://127.0.0.1:8443/v1/token' },
        { PULLPASS_GCP_STS_ENDPOINT: 'https://127.0.0.1:8443' },
        undefined,
      ],
      'is taken with the address that GitHub names to its job': [
        ofJob('&audience=https%3A%2F%2Fexample.com'),
        { ACTIONS_ID_TOKEN_REQUEST_URL: job },
        undefined,
      ],
      'is refused with another address than GitHub’s': [
        ofJob('@evil.invalid/&audience=x'),
        { ACTIONS_ID_TOKEN_REQUEST_URL: job },
        /has the token source /,
      ],
      'is refused with that address where no job is': [ofJob('&audience=x'), {}, /has the token source /],
    }
  for (const [title, [json, environment, what]] of Object.entries(cases)) {
    test(title, () => {
      const problem = credentialProblem('external_account', JSON.parse(JSON.stringify(json)), environment)
      if (what === undefined) assert.equal(problem, undefined)
      else assert.match(problem?.what ?? 'taken', what)
    })
  }
})
