import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { DocumentRegistry } from '../../../src/document/document.ts'
import { matchImage } from '../../../src/registry/match-credentials.ts'
import { bindExchange } from '../../../src/vendors/vendor.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { account, exchange, registryOf } from './exchange-at-sandbox.ts'

const bind = (registry: DocumentRegistry) => bindExchange(registry, vendors)

const readOnly = 'https://www.googleapis.com/auth/cloud-platform.read-only'
const formOf = (body = '') => Object.fromEntries(new URLSearchParams(body))

suite('impersonation', () => {
  test('a subject token becomes a token of the service account, for an hour, to read only', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { credential, sent } = await exchange(sandbox)
    assert.deepEqual(credential.hosts, ['europe-docker.pkg.dev'])
    assert.equal(credential.username, 'oauth2accesstoken')
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z')
    assert.deepEqual(sandbox.gcp.holderOf(credential.password.reveal()), {
      member: `serviceAccount:${account}`,
      scopes: [readOnly],
      expiresAt: new Date('2026-11-24T13:00:00Z'),
    })
    assert.deepEqual(
      sent.map(({ method, url }) => [method, url]),
      [
        ['POST', `${sandbox.gcp.parts.sts.url}/v1/token`],
        [
          'POST',
          `${sandbox.gcp.parts.iamCredentials.url}/v1/projects/-/serviceAccounts/puller%40example-project.iam.gserviceaccount.com:generateAccessToken`,
        ],
      ],
    )
  })

  test('the federated token between can impersonate, and nothing else', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { sent } = await exchange(sandbox)
    const { subject_token: _, ...fields } = formOf(sent[0]?.body)
    assert.deepEqual(fields, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: `//iam.googleapis.com/${sandbox.gcp.provider}`,
      scope: 'https://www.googleapis.com/auth/iam',
    })
    assert.equal(sent[0]?.headers['authorization'], undefined)
  })

  for (const [lifetime, code] of [
    ['5m', 'CREDENTIAL_SHORT_LIVED'],
    ['10m', undefined],
  ] as const) {
    test(`a lifetime of ${lifetime} is ${code === undefined ? 'no warning' : 'a warning of refresh and doctor'}`, async (t) => {
      const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b'] })
      const text = documentText(sandbox).replace('      gcp:\n', `      gcp:\n        lifetime: ${lifetime}\n`)
      const file = await sandbox.write('pull.yaml', text)
      const { stderr, exitCode } = await runPullpass(sandbox, ['refresh', '-f', file])
      assert.equal(exitCode, 0, stderr)
      assert.equal(/a credential has a limitation code="(\w+)"/.exec(stderr)?.[1], code)
      const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file, '-o', 'json'])
      const finding = JSON.parse(stdout).findings.find((one: { hop: string }) => one.hop === 'impersonation')
      assert.equal(finding.code, code ?? 'OK')
    })
  }

  test('delegates, lifetime and scopes are sent to Google as in the document', async (t) => {
    const sandbox = await startTestSandbox(t)
    const [via, last] = ['via@example-project.iam.gserviceaccount.com', 'last@example-project.iam.gserviceaccount.com']
    const { accounts } = sandbox.gcp
    for (const email of [via, last]) accounts.put(email, 43200)
    accounts.allowTokens(via, sandbox.gcp.principal)
    accounts.allowTokens(account, `serviceAccount:${via}`)
    accounts.allowTokens(last, `serviceAccount:${account}`)
    const { credential, sent } = await exchange(sandbox, {
      gcp: [
        `workloadIdentityProvider: ${sandbox.gcp.provider}`,
        `serviceAccountEmail: ${last}`,
        `delegates: [${via}, ${account}]`,
        'lifetime: 2h30m',
        'scopes: [https://www.googleapis.com/auth/devstorage.read_only, https://www.googleapis.com/auth/cloud-platform]',
      ],
    })
    assert.deepEqual(JSON.parse(sent[1]?.body ?? ''), {
      scope: ['https://www.googleapis.com/auth/devstorage.read_only', 'https://www.googleapis.com/auth/cloud-platform'],
      lifetime: '9000s',
      delegates: [`projects/-/serviceAccounts/${via}`, `projects/-/serviceAccounts/${account}`],
    })
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T14:30:00.000Z')
    assert.equal(sandbox.gcp.holderOf(credential.password.reveal())?.member, `serviceAccount:${last}`)
  })

  test('the credential expires later than its subject token', async (t) => {
    const sandbox = await startTestSandbox(t)
    await sandbox.writeToken({ lifeSeconds: 600 })
    const { credential } = await exchange(sandbox)
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z')
  })
})

suite('direct federation', () => {
  test('without an account the federated token itself reads', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { credential, sent } = await exchange(sandbox, { gcp: [`workloadIdentityProvider: ${sandbox.gcp.provider}`] })
    assert.equal(formOf(sent[0]?.body)['scope'], readOnly)
    assert.equal(sent.length, 1)
    const held = sandbox.gcp.holderOf(credential.password.reveal())
    assert.equal(held?.member, sandbox.gcp.principal)
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z')
  })

  test('scopes of the document are requested in one field', async (t) => {
    const sandbox = await startTestSandbox(t)
    const scopes = 'scopes: [https://www.googleapis.com/auth/one, https://www.googleapis.com/auth/two]'
    const { sent } = await exchange(sandbox, { gcp: [`workloadIdentityProvider: ${sandbox.gcp.provider}`, scopes] })
    assert.equal(
      formOf(sent[0]?.body)['scope'],
      'https://www.googleapis.com/auth/one https://www.googleapis.com/auth/two',
    )
  })

  test('the credential dies with its subject token', async (t) => {
    const sandbox = await startTestSandbox(t)
    await sandbox.writeToken({ lifeSeconds: 900 })
    const { credential } = await exchange(sandbox, { gcp: [`workloadIdentityProvider: ${sandbox.gcp.provider}`] })
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T12:15:00.000Z')
  })

  test('a token is requested with a longer lifetime than the credential', async () => {
    const provider = 'workloadIdentityProvider: projects/1/locations/global/workloadIdentityPools/pool/providers/name'
    const direct = await bind(await registryOf({ gcp: [provider] }))
    const impersonating = await bind(await registryOf({ gcp: [provider, `serviceAccountEmail: ${account}`] }))
    assert.deepEqual([direct.subjectTokenLifeSeconds, impersonating.subjectTokenLifeSeconds], [3660, 600])
  })
})

suite('the provider', () => {
  const parts = ['projectNumber: 123456789012', 'poolId: pool', 'providerId: cluster']
  const path = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
  const spellings: Record<string, readonly string[]> = {
    'as a resource name': [`workloadIdentityProvider: ${path}`],
    'with its host': [`workloadIdentityProvider: //iam.googleapis.com/${path}`],
    'as a URL': [`workloadIdentityProvider: https://iam.googleapis.com/${path}`],
    'by its parts': parts,
    'by its parts, the number as a text': ['projectNumber: "123456789012"', ...parts.slice(1)],
  }
  test('is sent by its full name without a scheme', async (t) => {
    const sandbox = await startTestSandbox(t)
    for (const [spelling, gcp] of Object.entries(spellings)) {
      const { sent } = await exchange(sandbox, { gcp: [...gcp, `serviceAccountEmail: ${account}`] })
      assert.equal(formOf(sent[0]?.body)['audience'], `//iam.googleapis.com/${path}`, spelling)
    }
  })

  test('audiences that it takes by default are its name, without and with a scheme', async () => {
    const { audiences } = await bind(await registryOf({ gcp: [`workloadIdentityProvider: ${path}`] }))
    assert.deepEqual(audiences, [`//iam.googleapis.com/${path}`, `https://iam.googleapis.com/${path}`])
  })

  test('with allowed audiences takes the one that the registry names, and is still named itself', async (t) => {
    const sandbox = await startTestSandbox(t)
    const {
      cluster,
      gcp,
      gcp: { provider },
    } = sandbox
    gcp.identity.putProvider({ name: provider, issuerUri: cluster.issuer, allowedAudiences: ['sts.example.com'] })
    await sandbox.writeToken({ audiences: ['sts.example.com'] })
    const registry = ['audience: sts.example.com']
    const { sent } = await exchange(sandbox, { registry })
    assert.equal(formOf(sent[0]?.body)['audience'], `//iam.googleapis.com/${provider}`)
    const { audiences } = await bind(await registryOf({ registry, gcp: [`workloadIdentityProvider: ${provider}`] }))
    assert.deepEqual(audiences, [
      'sts.example.com',
      `//iam.googleapis.com/${provider}`,
      `https://iam.googleapis.com/${provider}`,
    ])
  })
})

suite('clocks that differ', () => {
  // The sandbox's clock is Google's and the cluster's: 12:00.
  test('a credential of a machine that is ahead ends by that machine’s clock', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { credential } = await exchange(sandbox, { at: '2026-11-24T12:10:00Z' })
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:10:00.000Z')
  })

  test('and so does one of a machine that is behind', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { credential } = await exchange(sandbox, { at: '2026-11-24T11:50:00Z' })
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T12:50:00.000Z')
  })

  test('two seconds between them are a Date header’s own, and mean nothing', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { credential } = await exchange(sandbox, { at: '2026-11-24T11:59:58Z' })
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T12:59:58.000Z')
    const { credential: ahead } = await exchange(sandbox, { at: '2026-11-24T12:00:02Z' })
    assert.equal(ahead.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z')
  })

  test('an hour and a half ahead, direct federation still gives what its subject token has left', async (t) => {
    const sandbox = await startTestSandbox(t)
    await sandbox.writeToken({ lifeSeconds: 900 })
    const gcp = [`workloadIdentityProvider: ${sandbox.gcp.provider}`]
    const { credential } = await exchange(sandbox, { gcp, at: '2026-11-24T13:30:00Z' })
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:45:00.000Z')
  })

  test('behind, and without expires_in, it is not thought to live longer than its subject token', async (t) => {
    const sandbox = await startTestSandbox(t)
    await sandbox.writeToken({ lifeSeconds: 900 })
    sandbox.gcp.parts.sts.faults.inject({
      kind: 'response',
      response: { status: 200, body: { access_token: 'ya29.short' } },
    })
    const gcp = [`workloadIdentityProvider: ${sandbox.gcp.provider}`]
    const { credential } = await exchange(sandbox, { gcp, at: '2026-11-24T11:50:00Z' })
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T12:05:00.000Z')
  })
})

suite('several locations in one registry entry', () => {
  test('cost one exchange, and "*.pkg.dev" is a key that kubelets match', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
    const hosts = ['*.pkg.dev', 'eu.gcr.io', 'gcr.io', `localhost:${sandbox.parts.registry.port}`]
    const text = documentText(sandbox, { include: ['team-a'] }).replace(/hosts: .*/, `hosts: ${JSON.stringify(hosts)}`)
    const file = await sandbox.write('pull.yaml', text)
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.equal(sandbox.gcp.parts.sts.seen.length, 1)
    const keys = Object.keys(readPullSecret(sandbox, 'team-a')?.auths ?? {})
    assert.deepEqual(keys.toSorted(), hosts.toSorted())
    const image = { host: 'us-docker.pkg.dev', repository: 'example-project/images/hello' }
    assert.deepEqual(matchImage(keys, image), ['*.pkg.dev'])
    assert.deepEqual(matchImage(keys, { ...image, host: 'a.b.pkg.dev' }), [])
    const doctor = await runPullpass(sandbox, ['doctor', '-f', file, '--image', sandbox.image])
    assert.equal(doctor.exitCode, 0, doctor.stdout)
  })
})
