import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { HttpResponse } from '../../../src/http/transport.ts'
import { awsFault, bucketRegion, store } from '../../../src/vendors/aws/stores/s3.ts'
import { fakeContext } from '../../support/fake-context.ts'

/** The anonymous API of AWS: other parts of it are not available in tests. */
function contextWith(response: Partial<HttpResponse>, environment: Record<string, string> = {}) {
  const requests: string[] = []
  const context = {
    ...fakeContext({ environment }),
    transport: async ({ method, url }: { method: string; url: string }): Promise<HttpResponse> => {
      requests.push(`${method} ${url}`)
      return { status: 403, headers: {}, body: '', ...response }
    },
  }
  return { context, requests }
}

suite('the region of a bucket', () => {
  for (const status of [200, 301, 403]) {
    test(`is what S3 returns for it to anonymous clients, with a ${status}`, async () => {
      const { context, requests } = contextWith({ status, headers: { 'x-amz-bucket-region': 'eu-west-1' } })
      assert.equal(await bucketRegion('example-issuer', undefined, context), 'eu-west-1')
      assert.deepEqual(requests, ['HEAD https://example-issuer.s3.amazonaws.com/'])
    })
  }

  test('is the bucket’s own, not that of the environment', async () => {
    const response = { status: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' } }
    const { context } = contextWith(response, { AWS_REGION: 'us-east-1' })
    assert.equal(await bucketRegion('example-issuer', undefined, context), 'eu-west-1')
  })

  test('is requested in China if the environment has a region there', async () => {
    const response = { headers: { 'x-amz-bucket-region': 'cn-north-1' } }
    const { context, requests } = contextWith(response, { AWS_REGION: 'cn-northwest-1' })
    assert.equal(await bucketRegion('example-issuer', undefined, context), 'cn-north-1')
    assert.deepEqual(requests, ['HEAD https://example-issuer.s3.cn-northwest-1.amazonaws.com.cn/'])
  })

  test('of a bucket that does not exist is an error', async () => {
    const { context } = contextWith({ status: 404 })
    await assert.rejects(bucketRegion('example-issuer', undefined, context), { code: 'PUBLISH_TARGET_NOT_FOUND' })
  })

  test('is not made of a header that names none', async () => {
    const { context } = contextWith({ headers: { 'x-amz-bucket-region': 'evil.example.com/' } })
    await assert.rejects(bucketRegion('example-issuer', undefined, context), { code: 'PUBLISH_UNAVAILABLE' })
  })

  test('is the environment’s at a custom endpoint, which gets no request', async () => {
    const { context, requests } = contextWith({}, { AWS_REGION: 'eu-west-1' })
    assert.equal(await bucketRegion('example-issuer', 'https://s3.example.com', context), 'eu-west-1')
    assert.deepEqual(requests, [])
  })
})

suite('the partition of a bucket', () => {
  for (const [environment, partition] of [
    [{ AWS_REGION: 'eu-west-1' }, 'aws'],
    [{ AWS_REGION: 'cn-north-1' }, 'aws-cn'],
    [{ AWS_DEFAULT_REGION: 'us-gov-west-1' }, 'aws-us-gov'],
    [{}, 'PARTITION'],
    [{ AWS_REGION: 'China' }, 'PARTITION'],
  ] as const) {
    test(`is ${partition} in the command for public reads, with ${JSON.stringify(environment)}`, () => {
      const command = store.makePublic({ bucket: 'example-issuer', path: '' }, environment) ?? ''
      assert.ok(command.endsWith(`"Resource":"arn:${partition}:s3:::example-issuer/*"}]}'`), command)
    })
  }

  test('is part of the grant that a refused operator needs', () => {
    const refused = Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } })
    const target = { name: 's3://bucket', bucket: 'bucket', path: 'one', partition: 'aws-cn', secrets: [] }
    const { code, hint } = awsFault(refused, target, 'writing')
    assert.equal(code, 'PUBLISH_DENIED')
    assert.equal(
      hint,
      'allow the operator s3:GetObject and s3:PutObject on arn:aws-cn:s3:::bucket/one/*, and s3:ListBucket on arn:aws-cn:s3:::bucket',
    )
  })
})
