import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { IamCaller } from '../../../../src/vendors/gcp/operator/caller.ts'
import { operatorMember } from '../../../../src/vendors/gcp/operator/operator-member.ts'

const caller: IamCaller = {
  hop: 'trust',
  codes: { credentials: 'TRUST_CREDENTIALS_MISSING', denied: 'TRUST_DENIED', absent: 'TRUST_NOT_FOUND' },
}
const robot = 'robot@example-project.iam.gserviceaccount.com'
const impersonation = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${robot}:generateAccessToken`
const federated = {
  type: 'external_account',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: 'https://sts.googleapis.com/v1/token',
  credential_source: { file: '/var/run/secrets/tokens/oidc-token' },
}

suite('who the operator is to Google', () => {
  const cases: Record<string, [credentials: object, member: string, unknown: RegExp | undefined]> = {
    'a key contains its account': [
      { type: 'service_account', client_email: robot },
      `serviceAccount:${robot}`,
      undefined,
    ],
    'impersonation contains its account': [
      { type: 'impersonated_service_account', service_account_impersonation_url: impersonation },
      `serviceAccount:${robot}`,
      undefined,
    ],
    'so does a federated one': [
      { ...federated, service_account_impersonation_url: impersonation },
      `serviceAccount:${robot}`,
      undefined,
    ],
    'a federated one without an account is a principal of its pool': [federated, '"${PRINCIPAL:?}"', /pool/],
    'a user is named if gcloud wrote the account': [
      { type: 'authorized_user', account: 'ops@example.com' },
      'user:ops@example.com',
      undefined,
    ],
    'else the meaning of the variable is stated': [
      { type: 'authorized_user', account: '' },
      'user:"${EMAIL:?}"',
      /the account of gcloud/,
    ],
  }
  for (const [title, [credentials, member, unknown]] of Object.entries(cases)) {
    test(title, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'pullpass-'))
      t.after(() => rm(folder, { recursive: true }))
      const file = join(folder, 'credentials.json')
      await writeFile(file, JSON.stringify(credentials))
      const found = await operatorMember({ GOOGLE_APPLICATION_CREDENTIALS: file }, caller)
      assert.equal(found.member, member)
      if (unknown === undefined) assert.equal(found.unknown, undefined)
      else assert.match(found.unknown ?? '', unknown)
    })
  }

  test('on a machine of Google’s it is the machine’s account', async () => {
    assert.equal((await operatorMember({}, caller)).member, 'serviceAccount:"${EMAIL:?}"')
  })
})
