import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  checkEndpoints,
  iamCredentialsEndpoint,
  iamEndpoint,
  storageEndpoint,
  stsEndpoint,
} from '../../../src/vendors/gcp/endpoints.ts'
import { registryOf } from './exchange-at-sandbox.ts'

const provider = 'workloadIdentityProvider: projects/1/locations/global/workloadIdentityPools/pool/providers/name'
const variables = {
  PULLPASS_GCP_STS_ENDPOINT: 'https://sts.example.com',
  PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: 'https://iam.example.com',
}

async function endpoints(gcp: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { settings } = await registryOf({ gcp: [provider, ...gcp] })
  return [stsEndpoint(settings, environment), iamCredentialsEndpoint(settings, environment)]
}

suite('endpoints of Google', () => {
  test('at its own addresses', async () => {
    assert.deepEqual(await endpoints([]), ['https://sts.googleapis.com', 'https://iamcredentials.googleapis.com'])
  })

  test('in another universe, at that one’s', async () => {
    assert.deepEqual(await endpoints(['universeDomain: s3nsapis.fr']), [
      'https://sts.s3nsapis.fr',
      'https://iamcredentials.s3nsapis.fr',
    ])
  })

  test('with a region, at its token service', async () => {
    assert.deepEqual(await endpoints(['stsRegion: europe-west1']), [
      'https://sts.europe-west1.rep.googleapis.com',
      'https://iamcredentials.googleapis.com',
    ])
  })

  test('at those of the variables; an empty variable is ignored', async () => {
    assert.deepEqual(await endpoints([], variables), ['https://sts.example.com', 'https://iam.example.com'])
    assert.deepEqual(
      await endpoints([], { PULLPASS_GCP_STS_ENDPOINT: '', PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: '' }),
      ['https://sts.googleapis.com', 'https://iamcredentials.googleapis.com'],
    )
  })

  test('at those of the document, which take precedence over variables', async () => {
    const gcp = ['endpoints: {sts: "https://sts.private:8443", iamCredentials: "http://127.0.0.1:9000"}']
    assert.deepEqual(await endpoints(gcp, variables), ['https://sts.private:8443', 'http://127.0.0.1:9000'])
    assert.deepEqual(await endpoints(['endpoints: {sts: "https://sts.private:8443"}'], variables), [
      'https://sts.private:8443',
      'https://iam.example.com',
    ])
  })

  test('of the operator’s own, in the universe that the environment names', () => {
    const environment = { GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'example.goog' }
    assert.deepEqual(
      [storageEndpoint(environment), iamEndpoint(environment)],
      ['https://storage.example.goog', 'https://iam.example.goog'],
    )
    assert.throws(() => checkEndpoints({ GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'example.goog/v1' }), {
      code: 'VARIABLE_INVALID',
      seen: 'variable GOOGLE_CLOUD_UNIVERSE_DOMAIN is "example.goog/v1"',
    })
  })

  test('a variable that would send tokens in the clear is refused, and no password in it is shown', () => {
    const cases = {
      'http://sts.example.com': '"http://sts.example.com"',
      'https://user:hunter2password@sts.example.com': 'a text that looks like a credential, not shown',
    }
    for (const [value, shown] of Object.entries(cases)) {
      assert.throws(() => checkEndpoints({ PULLPASS_GCP_STS_ENDPOINT: value }), {
        code: 'VARIABLE_INVALID',
        seen: `variable PULLPASS_GCP_STS_ENDPOINT is ${shown}`,
      })
    }
  })
})
