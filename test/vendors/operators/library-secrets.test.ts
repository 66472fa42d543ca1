import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as pipeline from '@azure/core-rest-pipeline'
import { ContainerClient } from '@azure/storage-blob'
import { awsRequestHandler } from '../../../src/vendors/aws/operator/library-transport.ts'
import { awsFault } from '../../../src/vendors/aws/stores/s3.ts'
import { azureHttpClients } from '../../../src/vendors/azure/operator/library-transport.ts'
import { azureIdentityFault } from '../../../src/vendors/azure/operator/sign-in.ts'
import { azureFault } from '../../../src/vendors/azure/stores/azblob.ts'
import { publishing } from '../../../src/vendors/operator.ts'
import { fakeContext } from '../../support/fake-context.ts'

const secret = 'eyJhbGciOiJSUzI1NiIsImtpZCI6InBsYW50ZWQifQ.planted.token-0123456789'
const contextOf = () => ({ ...fakeContext(), transport: async () => ({ status: 403, headers: {}, body: '' }) })
const form = new URLSearchParams({ WebIdentityToken: secret, Action: 'AssumeRoleWithWebIdentity' }).toString()

suite("what a vendor's library sent is redacted in messages from the server", () => {
  const requests = {
    "AWS's token service, by its form": { headers: {}, body: form },
    "AWS's token service, by its form as bytes": { headers: {}, body: Buffer.from(form) },
    'S3, by its session token': { headers: { 'X-Amz-Security-Token': secret } },
  }
  for (const [title, request] of Object.entries(requests)) {
    test(title, async () => {
      const context = contextOf()
      const handler = awsRequestHandler(context)
      await handler.handle({ method: 'POST', protocol: 'https:', hostname: 'a.example', path: '/', ...request })
      const thrown = Object.assign(new Error(`no: ${secret}`), {
        name: 'AccessDenied',
        $metadata: { httpStatusCode: 403 },
      })
      const { secrets } = context
      const { message } = awsFault(
        thrown,
        { name: 's3://bucket', bucket: 'bucket', path: '', partition: 'aws', secrets },
        'reading',
      )
      assert.match(
        message,
        /^PUBLISH_DENIED \(publish\): AWS responded with 403 \(its words are withheld: they repeat a secret\)/,
      )
    })
  }

  test('Entra, by its form', async () => {
    const context = contextOf()
    const { tokens } = azureHttpClients(pipeline, context)
    const body = new URLSearchParams({ client_assertion: secret }).toString()
    await tokens.sendRequest(pipeline.createPipelineRequest({ url: 'https://a.example/', method: 'POST', body }))
    const refused = Object.assign(new Error(`AADSTS70021: ${secret.slice(0, 30)}`), { statusCode: 400 })
    assert.match(
      azureIdentityFault(refused, context.secrets, publishing).message,
      /responded with 400 \(its words are withheld/,
    )
  })

  test('Azure’s storage, by its bearer', async () => {
    const context = contextOf()
    const { blobs } = azureHttpClients(pipeline, context)
    const getToken = async () => ({ token: secret, expiresOnTimestamp: Date.now() + 3_600_000 })
    const client = new ContainerClient('https://a.example/c', { getToken }, { httpClient: blobs })
    await assert.rejects(client.getBlockBlobClient('x').download())
    const refused = { statusCode: 403, code: secret.slice(0, 30) }
    const target = { name: 'azblob://a/c', account: 'a', container: 'c', secrets: context.secrets }
    assert.match(azureFault(refused, target, 'reading').message, /responded with 403 \(its words are withheld/)
  })
})
