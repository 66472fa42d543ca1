import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadStores, targetMeant } from '../../src/vendors/target.ts'
import { vendors } from '../../src/vendors/vendors.ts'

const environment = { PULLPASS_GCP_STORAGE_ENDPOINT: 'https://storage.example.com' }
const loaded = await loadStores(vendors)

suite('the URL of an issuer determines the target at which its documents are published', () => {
  const stores: Record<string, [issuer: string, target: string | undefined]> = {
    'at Google': ['https://storage.example.com/example-issuer/one', 'gs://example-issuer/one'],
    'at AWS': ['https://example-issuer.s3.eu-central-1.amazonaws.com/one', 's3://example-issuer/one'],
    'at AWS in China': ['https://example-issuer.s3.cn-north-1.amazonaws.com.cn/one', 's3://example-issuer/one'],
    'at the root of a bucket': ['https://example-issuer.s3.eu-central-1.amazonaws.com', 's3://example-issuer'],
    'at Azure': ['https://exampleissuer.blob.core.windows.net/issuer/one', 'azblob://exampleissuer/issuer/one'],
    'not where another server serves them': ['https://oidc.example.com/one', undefined],
  }
  for (const [title, [issuer, target]] of Object.entries(stores)) {
    test(title, () => assert.equal(targetMeant(issuer, environment, loaded), target))
  }
})
