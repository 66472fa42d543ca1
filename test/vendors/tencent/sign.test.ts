import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { Redacted } from '../../../src/text/redacted.ts'
import { authorizationOf } from '../../../src/vendors/tencent/sign.ts'

/**
 * The example of https://www.tencentcloud.com/document/product/1007/31323. Its key is masked there, so that the signature is
 * computed from the published hash of the canonical request with a key of our own.
 */
test('the published example has the published canonical request', () => {
  const body = String.raw`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
  assert.equal(
    createHash('sha256').update(body).digest('hex'),
    '35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064',
  )
  const sent = {
    method: 'POST' as const,
    url: 'https://cvm.tencentcloudapi.com/',
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body,
    now: new Date(1_551_113_065_000),
  }
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const key = hmac(hmac(hmac('TC3example-key', '2019-02-25'), 'cvm'), 'tc3_request')
  const canonicalHash = '7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84'
  const signature = hmac(key, `TC3-HMAC-SHA256\n1551113065\n2019-02-25/cvm/tc3_request\n${canonicalHash}`).toString(
    'hex',
  )
  assert.equal(
    authorizationOf(
      sent,
      { secretId: 'AKIDexample', secretKey: new Redacted('example-key') },
      { service: 'cvm', action: 'DescribeInstances' },
    ),
    `TC3-HMAC-SHA256 Credential=AKIDexample/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host;x-tc-action, Signature=${signature}`,
  )
})
