import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redacted } from '../../../src/text/redacted.ts'
import { signatureHeaders } from '../../../src/vendors/alibaba/sign.ts'

/** The example of https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature */
test('the published example has the published signature', () => {
  const query = 'ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai'
  const sent = {
    method: 'POST' as const,
    url: `https://ecs.cn-shanghai.aliyuncs.com/?${query}`,
    headers: {},
    body: '',
    now: new Date('2023-10-26T10:22:32.500Z'),
  }
  const credentials = {
    accessKeyId: 'YourAccessKeyId',
    accessKeySecret: new Redacted('YourAccessKeySecret'),
    securityToken: undefined,
  }
  const call = { action: 'RunInstances', version: '2014-05-26', nonce: '3156853299f313e23d1673dc12e1703d' }
  assert.equal(
    signatureHeaders(sent, credentials, call)['authorization'],
    'ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0',
  )
})
