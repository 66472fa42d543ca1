import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { operatorCredentials } from '../../../src/vendors/alibaba/operator/sign-in.ts'
import { fakeContext } from '../../support/fake-context.ts'

const home = mkdtempSync(join(tmpdir(), 'pullpass-aliyun-'))
process.once('exit', () => rmSync(home, { recursive: true, force: true }))
mkdirSync(join(home, '.aliyun'))
const config = join(home, '.aliyun', 'config.json')
const profiles = [
  { name: 'key', mode: 'AK', access_key_id: 'LTAI-key', access_key_secret: 'planted-key' },
  { name: 'old', access_key_id: 'LTAI-old', access_key_secret: 'planted-old' },
  {
    name: 'session',
    mode: 'StsToken',
    access_key_id: 'STS.session',
    access_key_secret: 'planted-session',
    sts_token: 'planted-token',
  },
  { name: 'ended', mode: 'StsToken', access_key_id: 'STS.ended', access_key_secret: 'planted-ended' },
  { name: 'empty', mode: 'AK' },
  { name: 'browser', mode: 'OAuth' },
  { name: 'lines', mode: 'AK', access_key_id: 'LTAI\nx: y', access_key_secret: 'planted-lines' },
]
const variables = { ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAI-env', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'planted-env' }
writeFileSync(config, JSON.stringify({ current: 'key', profiles }))

const signIn = async (environment: Readonly<Record<string, string>>) =>
  await operatorCredentials(fakeContext({ environment: { HOME: home, ...environment } }))

suite('the operator at Alibaba Cloud is', () => {
  const found: Readonly<Record<string, readonly [Readonly<Record<string, string>>, string, string, string?]>> = {
    'the one of the variables': [variables, 'LTAI-env', 'planted-env'],
    'a session of the variables': [
      { ...variables, ALIBABA_CLOUD_SECURITY_TOKEN: 'planted-session-env' },
      'LTAI-env',
      'planted-env',
      'planted-session-env',
    ],
    'that of the current profile': [{}, 'LTAI-key', 'planted-key'],
    'that of a named profile, also if variables are set': [
      { ...variables, ALIBABA_CLOUD_PROFILE: 'session' },
      'STS.session',
      'planted-session',
      'planted-token',
    ],
    'that of a profile without a mode': [{ ALIBABA_CLOUD_PROFILE: 'old' }, 'LTAI-old', 'planted-old'],
  }
  for (const [title, [environment, id, secret, token]] of Object.entries(found)) {
    test(title, async () => {
      const { accessKeyId, accessKeySecret, securityToken } = await signIn(environment)
      assert.deepEqual([accessKeyId, accessKeySecret.reveal(), securityToken?.reveal()], [id, secret, token])
    })
  }
})

suite('no other identity is used at Alibaba Cloud if', () => {
  const refused: Readonly<Record<string, readonly [Readonly<Record<string, string>>, RegExp]>> = {
    'a variable is missing': [
      { ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAI-env' },
      /^the operator's identity is incomplete: ALIBABA_CLOUD_ACCESS_KEY_ID is set, and ALIBABA_CLOUD_ACCESS_KEY_SECRET is not$/,
    ],
    'only a session token is set': [{ ALIBABA_CLOUD_SECURITY_TOKEN: 'planted' }, /ALIBABA_CLOUD_SECURITY_TOKEN is set/],
    'the named profile does not exist': [
      { ...variables, ALIBABA_CLOUD_PROFILE: 'absent' },
      /^ALIBABA_CLOUD_PROFILE names the profile "absent", which \S+config\.json does not have$/,
    ],
    'the profile signs in by a browser': [
      { ALIBABA_CLOUD_PROFILE: 'browser' },
      /^profile "browser" of \S+ has the mode "OAuth", with which pullpass cannot sign in$/,
    ],
    'the profile has no key': [{ ALIBABA_CLOUD_PROFILE: 'empty' }, /^profile "empty" of \S+ has no access key$/],
    'the profile has no session token': [{ ALIBABA_CLOUD_PROFILE: 'ended' }, /^profile "ended" .* and no sts_token$/],
    'the key contains a line end': [
      { ALIBABA_CLOUD_PROFILE: 'lines' },
      /^the access key of profile "lines" of \S+ contains characters that no access key has$/,
    ],
    'there is no file': [
      { HOME: join(home, 'absent') },
      /^ALIBABA_CLOUD_ACCESS_KEY_ID is not set, and \S+config\.json does not exist$/,
    ],
  }
  for (const [title, [environment, seen]] of Object.entries(refused)) {
    test(title, async () => {
      const fault = await signIn(environment).catch((error: unknown) => error)
      assert.ok(fault instanceof PullpassError)
      assert.deepEqual([fault.code, fault.hop], ['TRUST_CREDENTIALS_MISSING', 'trust'])
      assert.match(fault.seen, seen)
      assert.doesNotMatch(fault.message, /planted/)
    })
  }
})
