import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createAccount } from '../../../sandbox/alibaba/account.ts'
import { rpcApi } from '../../../sandbox/alibaba/rpc-api.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { signatureHeaders } from '../../../src/vendors/alibaba/sign.ts'

suite('a request to Alibaba Cloud is signed', () => {
  /** The example of https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature */
  test('without a body, as in the published example', () => {
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

  test('with a form and a session, as the client @alicloud/openapi-core 1.0.8 signs it', () => {
    const sent = {
      method: 'POST' as const,
      url: 'https://ram.aliyuncs.com/',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'RoleName=puller&Description=pullpass%3A0123456789ab+pulls+images',
      now: new Date('2026-12-01T05:20:17Z'),
    }
    const credentials = {
      accessKeyId: 'STS.ExampleSession',
      accessKeySecret: new Redacted('ExampleSecretOfTheSession'),
      securityToken: new Redacted('ExampleSecurityToken'),
    }
    const call = { action: 'CreateRole', version: '2015-05-01', nonce: '3156853299f313e23d1673dc12e1703d' }
    assert.equal(
      signatureHeaders(sent, credentials, call)['authorization'],
      'ACS3-HMAC-SHA256 Credential=STS.ExampleSession,SignedHeaders=content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version,Signature=b1fddcdfcf3f17a96efc2fae63df3a8f176ffa4d3e4c47693f835ffd07023144',
    )
  })
})

suite('the sandbox’s Alibaba Cloud, for a request that the client @alicloud/openapi-core 1.0.8 sent,', () => {
  const at = '2026-12-01T05:20:17Z'
  const headers = {
    host: '127.0.0.1:18080',
    'x-acs-version': '2015-05-01',
    'x-acs-action': 'CreateRole',
    'x-acs-date': at,
    'x-acs-signature-nonce': 'c8949b3681d466ba6804c939e418cf69c8a87534f4957e53b22286dc7f9fc6af',
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'x-acs-content-sha256': 'd27c6bbde1cd3a540ecd65caabdb35819dbe822af35b2af3568c1873c6a56484',
    'x-acs-credentials-provider': 'static_sts',
    'x-acs-accesskey-id': 'STS.ExampleSession',
    'x-acs-security-token': 'ExampleSecurityToken',
    authorization:
      'ACS3-HMAC-SHA256 Credential=STS.ExampleSession,SignedHeaders=content-type;host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version,Signature=c33c31469b1b29a3412996e64c13a5a14a2ff7aa7ba647add7d882237af3759a',
  }
  const body =
    'RoleName=puller&AssumeRolePolicyDocument=%7B%22Version%22%3A%221%22%2C%22Statement%22%3A%5B%5D%7D&Description=pullpass%3A0123456789ab%20pulls%20images'

  const respond = async (
    changes: { readonly body?: string; readonly headers?: object; readonly now?: string } = {},
  ) => {
    const account = createAccount()
    const principal = { arn: 'acs:ram::123456789012:user/operator' }
    const key = { secret: 'ExampleSecretOfTheSession', securityToken: 'ExampleSecurityToken', principal }
    account.keys.set('STS.ExampleSession', key)
    const handle = rpcApi(
      { '2015-05-01': { CreateRole: ({ caller, field }) => ({ by: caller().arn, role: field('RoleName') }) } },
      { account, now: () => new Date(changes.now ?? at) },
    )
    const { status, body: response } = await handle({
      method: 'POST',
      path: '/',
      query: new URLSearchParams(),
      headers: { ...headers, ...changes.headers },
      body: Buffer.from(changes.body ?? body),
      signal: new AbortController().signal,
    })
    const { Code, role }: { Code?: string; role?: string } = JSON.parse(JSON.stringify(response))
    return [status, Code ?? role]
  }

  test('accepts it, with its form', async () => {
    assert.deepEqual(await respond(), [200, 'puller'])
  })

  test('refuses it changed, late, or without its session', async () => {
    assert.deepEqual(await respond({ body: `${body}x` }), [400, 'SignatureDoesNotMatch'])
    assert.deepEqual(await respond({ headers: { 'x-acs-action': 'CreateRole ' } }), [404, 'InvalidAction.NotFound'])
    assert.deepEqual(await respond({ headers: { 'x-acs-date': '2026-12-01T05:20:18Z' } }), [
      400,
      'SignatureDoesNotMatch',
    ])
    assert.deepEqual(await respond({ headers: { 'x-acs-other': 'a' } }), [400, 'SignatureDoesNotMatch'])
    assert.deepEqual(await respond({ now: '2026-12-01T05:36:00Z' }), [400, 'InvalidTimeStamp.Expired'])
    assert.deepEqual(await respond({ headers: { authorization: '' } }), [400, 'MissingAuthorization'])
  })
})
