import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { OperatorAction } from '../../../sandbox/yandex/api.ts'
import { newId } from '../../../sandbox/yandex/cloud-state.ts'
import { apply, subject } from '../trust-runs.ts'
import { start } from './start-trust.ts'

suite('a federation that pullpass created, and that was changed afterwards:', () => {
  const federationOf = async (t: Parameters<typeof start>[0]) => {
    const started = await start(t)
    assert.equal((await started.run(apply)).exitCode, 0)
    const [own] = started.federations()
    if (own === undefined) throw new Error('no federation')
    const change = (fields: object) => started.yandex.state.federations.set(own.id, { ...own, ...fields })
    return { ...started, own, change }
  }

  test('the audience is restored, and others are removed only if that is requested', async (t) => {
    const { run, own, change, federations } = await federationOf(t)
    change({ audiences: ['https://other.example.com'] })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual(federations()[0]?.audiences, ['https://other.example.com', ...own.audiences])
    const plan = await run(['trust', 'plan'])
    assert.match(
      plan.stdout,
      /it also accepts the audience https:\/\/other\.example\.com: --replace audiences removes it/,
    )
    assert.equal((await run([...apply, '--replace', 'audiences'])).exitCode, 0)
    assert.deepEqual(federations()[0]?.audiences, own.audiences)
  })

  test('the URL of the keys is replaced only if that is requested', async (t) => {
    const { run, own, change, federations } = await federationOf(t)
    change({ jwksUrl: 'https://attacker.example.com/jwks' })
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^TRUST_REFUSED \(trust\): federation pullpass-\S+ reads keys from https:\/\/attacker\.example\.com\/jwks$/m,
    )
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.match(terraform.stdout, /^ {2}jwks_url {4}= "https:\/\/attacker\.example\.com\/jwks"$/m)
    assert.equal((await run([...apply, '--replace', 'jwksUrl'])).exitCode, 0)
    assert.equal(federations()[0]?.jwksUrl, own.jwksUrl)
  })

  test('a disabled one is not enabled', async (t) => {
    const { run, change, federations } = await federationOf(t)
    change({ disabled: true })
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^TRUST_REFUSED \(trust\): federation pullpass-\S+ is disabled$/m)
    assert.equal(federations()[0]?.disabled, true)
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.match(terraform.stdout, /^ {2}disabled {4}= true$/m)
  })

  test('one with another issuer is refused, and its credential and role are not created', async (t) => {
    const { run, change, yandex, bindings, credentials } = await federationOf(t)
    change({ issuer: 'https://other.example.com' })
    yandex.state.credentials.clear()
    for (const place of yandex.state.places.values()) place.bindings = []
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^TRUST_REFUSED \(trust\): federation pullpass-\S+ has the issuer https:\/\/other\.example\.com$/m,
    )
    assert.match(refused.stderr, /yc iam workload-identity oidc federation delete --id aje[0-9a-f]{17}$/m)
    assert.deepEqual([credentials(), bindings()], [[], []])
  })

  test('a former subject is reported, and removed only if that is requested', async (t) => {
    const { run, own, yandex, credentials } = await federationOf(t)
    const former = { id: newId('aje'), serviceAccountId: yandex.serviceAccountId, federationId: own.id }
    yandex.state.credentials.set(former.id, { ...former, externalSubjectId: 'system:serviceaccount:ci:deployer' })
    const plan = await run(['trust', 'plan'])
    assert.match(
      plan.stdout,
      /system:serviceaccount:ci:deployer still signs in with pullpass-\S+, which these documents do not use/,
    )
    assert.equal((await run(apply)).exitCode, 0)
    assert.equal(credentials().length, 2)
    assert.equal((await run([...apply, '--replace', 'subjects'])).exitCode, 0)
    assert.deepEqual(
      credentials().map((one) => one.externalSubjectId),
      [subject],
    )
  })

  test('is kept by destroy, with the role, while a subject of another document signs in with it', async (t) => {
    const { run, own, yandex, federations, bindings } = await federationOf(t)
    const other = { id: newId('aje'), serviceAccountId: yandex.serviceAccountId, federationId: own.id }
    yandex.state.credentials.set(other.id, { ...other, externalSubjectId: 'system:serviceaccount:ci:deployer' })
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.match(destroyed.stdout, /system:serviceaccount:ci:deployer still signs in with it/)
    assert.match(destroyed.stdout, /system:serviceaccount:ci:deployer also signs in as the service account/)
    assert.deepEqual([federations().length, bindings().length], [1, 1])
  })
})

suite('a service account at Yandex Cloud as which others sign in:', () => {
  const otherIn = async (
    t: Parameters<typeof start>[0],
    externalSubjectId: string,
    readable: 'readable' | 'unreadable',
  ) => {
    const started = await start(t)
    const { state, serviceAccountId } = started.yandex
    const federationId = newId('aje')
    const common = { description: '', disabled: false, audiences: ['x'], jwksUrl: 'https://other.example.com/jwks' }
    const federation = {
      id: federationId,
      folderId: 'b1gother00123456789a',
      name: 'other',
      issuer: 'https://other.example.com',
      ...common,
    }
    if (readable === 'readable') state.federations.set(federationId, federation)
    const id = newId('aje')
    state.credentials.set(id, { id, serviceAccountId, federationId, externalSubjectId })
    return started
  }

  test('of another cluster is refused, unless sharing is accepted', async (t) => {
    const { run, bindings } = await otherIn(t, subject, 'readable')
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^TRUST_DOMAIN_SHARED \(trust\): serviceAccounts\/ajeexample0123456789 is used by another cluster: system:serviceaccount:image-system:pullpass of another cluster \(issuer https:\/\/other\.example\.com\) signs in as it$/m,
    )
    assert.deepEqual(bindings(), [])
    const shared = await run([...apply, '--share-trust-domain'])
    assert.equal(shared.exitCode, 0, shared.stderr + shared.stdout)
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.match(destroyed.stdout, /^kept +role /m)
    assert.equal(bindings().length, 1)
  })

  test('in a federation that the operator cannot read counts as another cluster', async (t) => {
    const { run, bindings } = await otherIn(t, subject, 'unreadable')
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^TRUST_DOMAIN_SHARED .*an issuer that the operator may not read, of federation aje/m)
    assert.deepEqual(bindings(), [])
  })

  test('such as CI jobs is reported', async (t) => {
    const { run } = await otherIn(t, 'repo:acme/app:ref:refs/heads/main', 'readable')
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(
      applied.stdout,
      /repo:acme\/app:ref:refs\/heads\/main of https:\/\/other\.example\.com also signs in as it/,
    )
  })
})

suite('each permission that the operator lacks at Yandex Cloud is named', () => {
  const cases: Readonly<Record<string, readonly [OperatorAction, RegExp]>> = {
    'to read the service account': [
      'iam.serviceAccounts.get',
      /yc iam service-account add-access-binding --id ajeexample0123456789 --role iam\.serviceAccounts\.user --subject "\$\{OPERATOR:\?\}"$/m,
    ],
    'to list its credentials': [
      'iam.federatedCredentials.list',
      /--role iam\.serviceAccounts\.federatedCredentialEditor --subject/,
    ],
    'to create a credential': [
      'iam.federatedCredentials.create',
      /yc iam service-account add-access-binding --id ajeexample0123456789 --role iam\.serviceAccounts\.federatedCredentialEditor/,
    ],
    'to use a federation': [
      'iam.workloadIdentityFederations.use',
      / && yc resource-manager folder add-access-binding --id b1gexample0123456789 --role iam\.workloadIdentityFederations\.user --subject "\$\{OPERATOR:\?\}"$/m,
    ],
    'to list federations': ['iam.workloadIdentityFederations.get', /--role iam\.workloadIdentityFederations\.editor/],
    'to create a federation': [
      'iam.workloadIdentityFederations.create',
      /yc resource-manager folder add-access-binding --id b1gexample0123456789 --role iam\.workloadIdentityFederations\.editor/,
    ],
    'to read the registry': [
      'container-registry.get',
      /yc container registry add-access-binding --id crpexample0123456789 --role container-registry\.admin/,
    ],
    'to list its bindings': ['container-registry.listAccessBindings', /--role container-registry\.admin/],
    'to grant the role': ['container-registry.updateAccessBindings', /--role container-registry\.admin/],
  }
  for (const [title, [action, fix]] of Object.entries(cases)) {
    test(title, async (t) => {
      const { yandex, run, bindings, recorded } = await start(t)
      yandex.operator.allowed.delete(action)
      const applied = await run(apply)
      assert.equal(applied.exitCode, 1)
      assert.match(applied.stderr, /^TRUST_DENIED \(trust\): Yandex Cloud responded with 403 "Permission denied to /m)
      assert.match(applied.stderr, fix)
      assert.deepEqual([bindings(), recorded()], [[], []])
    })
  }

  test('and a token that is missing, is of another kind, or has expired', async (t) => {
    const { yandex, run } = await start(t)
    const without = await run(['trust', 'plan'], { environment: { YC_TOKEN: undefined } })
    assert.equal(without.exitCode, 1)
    assert.match(
      without.stderr,
      /^TRUST_CREDENTIALS_MISSING \(trust\): no credentials for Yandex Cloud were found: variable YC_TOKEN is not set$/m,
    )
    assert.match(without.stderr, /export YC_TOKEN="\$\(yc iam create-token\)"$/m)
    const oauth = await run(apply, { environment: { YC_TOKEN: 'y0_oauth-token-0123456789' } })
    assert.match(oauth.stderr, /^TRUST_CREDENTIALS_MISSING \(trust\): variable YC_TOKEN is not an IAM token$/m)
    assert.doesNotMatch(oauth.stderr + oauth.stdout, /y0_oauth/)
    yandex.operator.state = 'expired'
    const expired = await run(apply)
    assert.match(
      expired.stderr,
      /^TRUST_DENIED \(trust\): Yandex Cloud responded with 401 "Token is invalid or has expired\."/m,
    )
  })
})
